// The connections of a host: their slots, who is looked up how, who is due when, who has something
// to say.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/flow/flow_key.h"
#include "model/tcp/connection/connection.h"
#include "model/tcp/host/host.h"

namespace poise::tcp {

// Opening a connection takes memory, what follows takes none but chunks of the pool. Slots are
// given out lowest first, so that equal events give equal slots.
class Table {
 public:
  explicit Table(const HostConfig& config);

  // Nothing when all slots are taken.
  std::optional<Slot> open(const FlowKey& key, const ConnectionConfig& config,
                           Application* application);
  // On a standby: the slot is the active's choice. False when it does not exist.
  bool open_at(Slot slot, const FlowKey& key, const ConnectionConfig& config,
               Application* application);
  void close(Slot slot);
  void clear();

  Connection* at(Slot slot);
  const Connection* at(Slot slot) const;
  std::optional<Slot> find(const FlowKey& key) const;
  // Changes when a slot is given to another connection: what was said of the old one is not its.
  std::uint32_t generation(Slot slot) const { return entries_[slot].generation; }
  std::uint32_t count() const { return count_; }
  std::uint32_t half_open_count() const { return half_open_count_; }
  template <class Visit>
  void for_each(Visit visit) const {
    for (Slot slot = 0; slot < entries_.size(); ++slot)
      if (entries_[slot].connection) visit(slot, *entries_[slot].connection);
  }

  // Asks the application, notes what is due and who may speak. Call after every change of a
  // connection. `asks`: applications are asked at all.
  void settle(Instant now, Slot slot, bool asks);
  // Connections with changes for the log, in the order in which they changed.
  std::optional<Slot> next_dirty();
  void put_dirty(Slot slot);
  bool has_dirty() const { return !dirty_.empty(); }
  // Connections that may have a segment; the first stays until it is dropped.
  std::optional<Slot> first_ready() const;
  void drop_ready();
  void put_ready(Slot slot);
  // How many connections whose application wrote more than the pool had room for are to be asked
  // again: none before there is more than there was then, and no more than there are chunks.
  std::size_t fed_count() const;
  // The one that waits longest; nothing when it is gone.
  std::optional<Slot> next_starved();
  // The next connection whose deadline has passed; nothing when there is none.
  std::optional<Slot> next_due(Instant now);
  Instant deadline() const { return due_.empty() ? kNever : due_.top().at; }

  Connection::Place& place() { return place_; }
  ChunkPool& pool() { return pool_; }
  TimestampClock& clock() { return clock_; }
  const TimestampClock& clock() const { return clock_; }
  void add_to(Digest& digest) const;

 private:
  struct Entry {
    std::unique_ptr<Connection> connection;
    Application* application = nullptr;
    Instant armed = kNever;  // the earliest of its places in due_
    std::uint32_t generation = 0;
    bool dirty = false, ready = false, half_open = false, starved = false;
    bool listed = true;  // in free_
  };
  struct Due {
    Instant at;
    Slot slot;
    bool operator>(const Due& other) const {
      return at != other.at ? at > other.at : slot > other.slot;
    }
  };
  struct Hash {
    FlowHasher hasher;
    std::size_t operator()(const FlowKey& key) const { return hasher(key); }
  };

  void arm(Slot slot, Entry& entry);
  void count_half_open(Entry& entry);
  void put_starved(Slot slot, Entry& entry);

  ChunkPool pool_;
  TimestampClock clock_;
  Connection::Place place_;
  std::vector<Entry> entries_;
  std::priority_queue<Slot, std::vector<Slot>, std::greater<>> free_;
  std::unordered_map<FlowKey, Slot, Hash> slots_;
  std::deque<Slot> dirty_, ready_, starved_;
  std::uint32_t starved_at_ = 0;  // free chunks when the last of them starved
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint32_t count_ = 0, half_open_count_ = 0;
};

}  // namespace poise::tcp
