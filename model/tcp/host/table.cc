// Slots, lookups, deadlines and the lists of those who have something to say.
#include "model/tcp/host/table.h"

#include <algorithm>
#include <utility>

namespace poise::tcp {

Table::Table(const HostConfig& config)
    : pool_(config.chunk_count),
      entries_(config.connection_count_max),
      slots_(0, Hash{FlowHasher(FlowFields::five, config.secret.k0 ^ config.secret.k1)}) {
  place_.pool = &pool_;
  place_.clock = &clock_;
  for (Slot slot = 0; slot < config.connection_count_max; ++slot) free_.push(slot);
  slots_.reserve(std::min(config.connection_count_max, 1u << 16));
}

std::optional<Slot> Table::open(const FlowKey& key, const ConnectionConfig& config,
                                Application* application) {
  const auto pop = [&] {
    const Slot slot = free_.top();
    free_.pop();
    entries_[slot].listed = false;
    return slot;
  };
  while (!free_.empty() && entries_[free_.top()].connection) (void)pop();  // taken by open_at
  if (free_.empty()) return std::nullopt;
  const Slot slot = pop();
  (void)open_at(slot, key, config, application);
  return slot;
}

bool Table::open_at(Slot slot, const FlowKey& key, const ConnectionConfig& config,
                    Application* application) {
  if (slot >= entries_.size()) return false;
  if (entries_[slot].connection) close(slot);
  if (const auto other = find(key)) close(*other);
  Entry& entry = entries_[slot];
  entry.connection = std::make_unique<Connection>(key, config, place_);
  entry.application = application;
  entry.armed = kNever;
  slots_[key] = slot;
  ++count_;
  return true;
}

void Table::close(Slot slot) {
  Entry& entry = entries_[slot];
  if (!entry.connection) return;
  const auto found = slots_.find(entry.connection->key());
  if (found != slots_.end() && found->second == slot) slots_.erase(found);
  if (entry.half_open) --half_open_count_;
  entry.half_open = false;
  entry.connection.reset();
  entry.application = nullptr;
  entry.armed = kNever;
  ++entry.generation;
  --count_;
  if (!std::exchange(entry.listed, true)) free_.push(slot);
}

void Table::clear() {
  for (Slot slot = 0; slot < entries_.size(); ++slot) close(slot);
  for (const Slot slot : dirty_) entries_[slot].dirty = false;
  for (const Slot slot : ready_) entries_[slot].ready = false;
  for (const Slot slot : starved_) entries_[slot].starved = false;
  dirty_.clear();
  ready_.clear();
  starved_.clear();
}

Connection* Table::at(Slot slot) {
  return slot < entries_.size() ? entries_[slot].connection.get() : nullptr;
}

const Connection* Table::at(Slot slot) const {
  return slot < entries_.size() ? entries_[slot].connection.get() : nullptr;
}

std::optional<Slot> Table::find(const FlowKey& key) const {
  const auto found = slots_.find(key);
  if (found == slots_.end()) return std::nullopt;
  return found->second;
}

void Table::settle(Instant now, Slot slot, bool asks) {
  Entry& entry = entries_[slot];
  Connection& connection = *entry.connection;
  if (asks && connection.take_ready() && entry.application)
    entry.application->on_ready(now, connection);
  if (connection.take_starved()) put_starved(slot, entry);
  if (connection.dirty()) put_dirty(slot);
  count_half_open(entry);
  put_ready(slot);
}

void Table::put_starved(Slot slot, Entry& entry) {
  starved_at_ = pool_.free_count();
  if (!std::exchange(entry.starved, true)) starved_.push_back(slot);
}

std::size_t Table::fed_count() const {
  if (pool_.free_count() <= starved_at_) return 0;
  return std::min<std::size_t>(starved_.size(), pool_.free_count());
}

std::optional<Slot> Table::next_starved() {
  const Slot slot = starved_.front();
  starved_.pop_front();
  entries_[slot].starved = false;
  if (!entries_[slot].connection) return std::nullopt;
  entries_[slot].connection->wake();
  return slot;
}

void Table::count_half_open(Entry& entry) {
  const bool half_open = entry.connection->half_open();
  if (half_open == entry.half_open) return;
  entry.half_open = half_open;
  half_open ? ++half_open_count_ : --half_open_count_;
}

std::optional<Slot> Table::next_dirty() {
  while (!dirty_.empty()) {
    const Slot slot = dirty_.front();
    dirty_.pop_front();
    entries_[slot].dirty = false;
    if (entries_[slot].connection && entries_[slot].connection->dirty()) return slot;
  }
  return std::nullopt;
}

void Table::put_dirty(Slot slot) {
  if (std::exchange(entries_[slot].dirty, true)) return;
  dirty_.push_back(slot);
}

std::optional<Slot> Table::first_ready() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.front();
}

void Table::drop_ready() {
  const Slot slot = ready_.front();
  ready_.pop_front();
  Entry& entry = entries_[slot];
  entry.ready = false;
  if (entry.connection) arm(slot, entry);
}

void Table::put_ready(Slot slot) {
  if (std::exchange(entries_[slot].ready, true)) return;
  ready_.push_back(slot);
}

// Deadlines mostly move away: an entry that fires too early looks again (next_due), so only an
// earlier one is put down.
void Table::arm(Slot slot, Entry& entry) {
  const Instant at = entry.connection->deadline();
  if (at >= entry.armed) return;
  entry.armed = at;
  due_.push({at, slot});
  if (due_.size() <= 4 * entries_.size() + 64) return;
  due_ = {};  // mostly of the past: keep what is armed
  for (Slot i = 0; i < entries_.size(); ++i)
    if (entries_[i].connection && entries_[i].armed != kNever) due_.push({entries_[i].armed, i});
}

std::optional<Slot> Table::next_due(Instant now) {
  while (!due_.empty() && due_.top().at <= now) {
    const Due due = due_.top();
    due_.pop();
    Entry& entry = entries_[due.slot];
    if (!entry.connection || entry.armed != due.at) continue;  // of one that is gone, or earlier
    entry.armed = kNever;
    if (entry.connection->deadline() <= now) return due.slot;
    arm(due.slot, entry);
  }
  return std::nullopt;
}

void Table::add_to(Digest& digest) const {
  digest.add(count_).add(clock_.shift()).add(starved_.size());
  for (Slot slot = 0; slot < entries_.size(); ++slot) {
    if (!entries_[slot].connection) continue;
    digest.add(slot);
    entries_[slot].connection->add_to(digest);
  }
}

}  // namespace poise::tcp
