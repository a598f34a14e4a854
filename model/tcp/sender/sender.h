// What of the unacknowledged and the new may leave now: round-trip time, losses, congestion.
//
// The sender knows positions, never bytes. The connection tells it what left and what was
// acknowledged; it answers what may leave next, and until when it will wait.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "model/hash.h"
#include "model/tcp/segment/sequence.h"
#include "model/time.h"

namespace poise::tcp {

enum class CongestionControl : std::uint8_t { newreno, cubic };  // RFC 6582, RFC 9438

struct SenderConfig {
  CongestionControl congestion = CongestionControl::cubic;
  std::uint32_t initial_window_segments = 10;      // RFC 6928
  Duration rto_initial = std::chrono::seconds{1};  // RFC 6298, 2
  Duration rto_min = std::chrono::milliseconds{200};
  Duration rto_max = std::chrono::seconds{120};
  bool rack_tlp = true;  // RFC 8985; else RFC 6675 with three duplicates (RFC 5681 without SACK)
  bool prr = true;       // RFC 9937
};

class Sender {
 public:
  explicit Sender(const SenderConfig& config);
  ~Sender();
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;

  // The handshake is over, or a standby took the connection over: `una` is the oldest
  // unacknowledged position, `max` the end of all that may ever have been sent. What lies between
  // counts as lost and is sent again first (kick). `rtt`: a sample of the handshake.
  void start(Instant now, Position una, Position max, std::uint32_t mss, bool sack,
             std::optional<Duration> rtt);
  // A window that was closed is open: what timed out before it is sent again at once.
  void on_window_opened();
  void set_mss(std::uint32_t mss);  // path MTU: what was sent larger counts as lost, without blame

  // One piece that may leave at `now`: at most one mss of data, retransmissions first. `end`: the
  // end of what the application gave (and the standby has); `edge`: the right edge of the peer's
  // window; a FIN at `end` is one position more, told by `fin`. Nothing when window, congestion or
  // data forbid. Does not change anything: calling it twice gives the same.
  struct Piece {
    Range range;
    bool retransmission = false;
    bool probe = false;  // tail loss probe
  };
  std::optional<Piece> next(Instant now, Position end, bool fin, Position edge) const;
  // The piece left.
  void on_sent(Instant now, const Piece& piece);

  struct Ack {
    Position position = 0;           // cumulative
    std::span<const Range> sacked;   // blocks above it, newest first, D-SACKs taken out
    std::optional<Range> duplicate;  // D-SACK (RFC 2883)
    std::optional<Duration> rtt;     // by an echoed timestamp (RFC 7323, 4.1)
    std::optional<Instant>
        echoed_at;             // when what is echoed was sent: for Eifel detection (RFC 3522)
    std::uint64_t window = 0;  // the peer's, in bytes
    bool window_changed = false;
    bool has_data = false;  // then it is no duplicate acknowledgment (RFC 5681, 2)
    bool ece = false;       // congestion was echoed (RFC 3168, 6.1)
  };
  void on_ack(Instant now, const Ack& ack);

  Position una() const;
  Position max() const;             // end of what was ever sent
  std::uint64_t in_flight() const;  // sent and not acknowledged
  std::uint64_t pipe() const;       // of that, what is believed to be on its way (RFC 6675)
  std::uint64_t congestion_window() const;
  std::uint64_t slow_start_threshold() const;
  Duration rto() const;  // with back-off
  std::optional<Duration> srtt() const;
  std::uint32_t timeouts() const;  // RTOs in a row without progress (RFC 9293, 3.8.3)
  bool wants_cwr() const;          // the next new data carries CWR (RFC 3168, 6.1.2)
  void cwr_sent();

  // RTO, tail loss probe, or RACK's reordering timer, whichever is first.
  Instant deadline() const;
  // The deadline passed; next() then says what follows from it.
  void on_timer(Instant now);

  struct Counters {
    std::uint64_t retransmitted = 0;  // pieces
    std::uint64_t timeouts = 0;
    std::uint64_t recoveries = 0;  // entered fast recovery
    std::uint64_t tail_probes = 0;
    std::uint64_t spurious = 0;  // undone (RFC 3522, 4015)
  };
  const Counters& counters() const;
  void add_to(Digest& digest) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace poise::tcp
