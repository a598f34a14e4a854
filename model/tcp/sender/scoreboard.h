// What was sent and is not acknowledged: what arrived, what is lost, what is on its way (RFC 6675).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/hash.h"
#include "model/tcp/segment/sequence.h"
#include "model/time.h"

namespace poise::tcp {

// One piece, as it was last sent. Those on their way form a list in the order of sending.
struct Transmission {
  Position begin = 0;
  Instant sent_at{};
  std::uint64_t serial = 0;  // counts transmissions: the order of sending, also within an instant
  std::size_t earlier = 0, later = 0;
  std::uint32_t size = 0;
  bool sacked = false;
  bool lost = false;      // and not sent again yet
  bool repeated = false;  // sent more than once

  Position end() const { return begin + size; }
  Range range() const { return {begin, end()}; }
  bool on_its_way() const { return !sacked && !lost; }
};

// A ring of transmissions, adjacent and in order of position, that doubles when it is full and
// takes at most kSegmentsMax. Behind its last entry lies the backlog: what a predecessor may have
// sent, as a mere range; all of it counts as lost. Amortized constant cost a segment.
class Scoreboard {
 public:
  static constexpr std::size_t kSegmentsMax = std::size_t{1} << 16;
  static constexpr std::size_t kNone = ~std::size_t{0};

  void start(Position una, Position max);

  // Indices run from first() to last() - 1 and stay valid until acknowledged.
  std::size_t first() const { return head_; }
  std::size_t last() const { return tail_; }
  std::size_t size() const { return tail_ - head_; }
  bool full() const { return size() >= kSegmentsMax; }
  const Transmission& operator[](std::size_t index) const {
    return ring_[index & (ring_.size() - 1)];
  }

  std::uint64_t flight() const { return flight_; }  // bytes on their way: RFC 6675's pipe
  std::uint64_t sacked() const { return sacked_; }
  std::uint64_t lost() const { return lost_; }  // with the backlog
  std::uint64_t serial() const { return serial_; }
  std::uint64_t lost_again() const { return lost_again_; }  // retransmissions that were lost, ever
  Range backlog() const { return backlog_; }
  // The first lost piece, of the backlog at most `mss` bytes.
  std::optional<Range> first_lost(std::uint32_t mss) const;
  bool is_lost(Position position) const;
  std::size_t oldest() const { return oldest_; }      // on its way, by time of sending; or kNone
  std::size_t sack_top() const { return sack_top_; }  // the highest SACKed, or kNone

  void send(Instant now, Range range);  // REQUIRES: it begins where all ends, and !full()
  // False when nothing of it waits any more. REQUIRES: !full() if it reaches into the backlog.
  bool send_again(Instant now, Range range);

  // Calls `arrived` with each whole transmission that was not known to have arrived. Returns bytes.
  template <class Arrived>
  std::uint64_t acknowledge(Position position, Arrived arrived);
  // Pieces that a block covers in part stay as they are.
  template <class Arrived>
  std::uint64_t sack(Range block, std::uint32_t mss, Arrived arrived);

  void lose(std::size_t index);  // REQUIRES: on its way
  // Perhaps also what was SACKed: the peer may have forgotten it (RFC 2018, 8).
  void lose_all(bool with_sacked);
  void lose_larger_than(std::uint32_t mss);  // and cuts it
  void forgive();                            // what counts as lost is on its way after all

  void add_to(Digest& digest) const;

 private:
  Transmission& at(std::size_t index) { return ring_[index & (ring_.size() - 1)]; }
  std::size_t find(Position position) const;  // the first that ends behind it
  void push(Transmission transmission);
  void make_room();
  void link(std::size_t index);
  void unlink(std::size_t index);
  void relink_all();
  void take_from_lost(std::size_t index);
  void account_arrival(std::size_t index);
  void cut_backlog(Position until, std::uint32_t mss);

  std::vector<Transmission> ring_;
  std::size_t head_ = 0, tail_ = 0;
  std::size_t oldest_ = kNone, newest_ = kNone;  // the list of those on their way
  std::size_t first_lost_ = kNone, lost_count_ = 0;
  std::size_t sack_top_ = kNone;
  Range backlog_;
  std::uint64_t flight_ = 0, sacked_ = 0, lost_ = 0;
  std::uint64_t serial_ = 0, lost_again_ = 0;
};

template <class Arrived>
std::uint64_t Scoreboard::acknowledge(Position position, Arrived arrived) {
  std::uint64_t bytes = 0;
  for (; head_ != tail_ && at(head_).begin < position; ++head_) {
    Transmission& entry = at(head_);
    if (entry.end() > position) {
      const auto part = static_cast<std::uint32_t>(position - entry.begin);
      (entry.sacked ? sacked_ : entry.lost ? lost_ : flight_) -= part;
      if (!entry.sacked) bytes += part;
      entry.begin = position;
      entry.size -= part;
      break;
    }
    if (sack_top_ == head_) sack_top_ = kNone;
    if (entry.sacked) {
      sacked_ -= entry.size;
      continue;
    }
    bytes += entry.size;
    arrived(static_cast<const Transmission&>(entry));
    account_arrival(head_);
  }
  if (backlog_.begin < position && !backlog_.empty()) {
    const Position until = position < backlog_.end ? position : backlog_.end;
    const auto part = static_cast<std::uint64_t>(until - backlog_.begin);
    lost_ -= part;
    bytes += part;
    backlog_.begin = until;
  }
  return bytes;
}

template <class Arrived>
std::uint64_t Scoreboard::sack(Range block, std::uint32_t mss, Arrived arrived) {
  if (!backlog_.empty() && block.end > backlog_.begin) cut_backlog(block.end, mss);
  std::uint64_t bytes = 0;
  for (std::size_t i = find(block.begin); i < tail_ && at(i).end() <= block.end; ++i) {
    Transmission& entry = at(i);
    if (entry.sacked || entry.begin < block.begin) continue;
    bytes += entry.size;
    arrived(static_cast<const Transmission&>(entry));
    account_arrival(i);
    entry.sacked = true;
    sacked_ += entry.size;
    if (sack_top_ == kNone || i > sack_top_) sack_top_ = i;
  }
  return bytes;
}

}  // namespace poise::tcp
