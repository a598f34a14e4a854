// Input commit, as HA/TCP does it: both replicas run the same host over the same inputs, and the
// active looks at an input only when the standby has it. Here to be measured beside output commit.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "model/balancer/outbox.h"
#include "model/machine.h"
#include "model/tcp/host/host.h"

namespace poise::tcp {

// A host whose state is a function of its inputs: packets and timers, each with its instant, in one
// order on both replicas. Events and actions are those of Host, for servers alone (no connect). The
// standby applies what it is told at once and says nothing to clients; it takes over when its
// active hangs up or says nothing for `missed_max` heartbeats, or by Order::promote, and then
// repeats what was not acknowledged. There is no witness, no lease and no snapshot: silence is
// taken for death, so that a broken wire makes two that speak (as with CARP), and an active whose
// standby is gone goes on alone and takes no other. The price beside output commit is that
// handshakes and acknowledgments wait too, that every byte a client sends goes to the standby with
// its headers, and that one input that is not deterministic parts the replicas for ever.
class InputHost {
 public:
  // Inputs that wait for the standby; a packet beyond them is lost, as on a wire.
  static constexpr std::size_t kWaitingMax = 8192;

  // `replication.role` says who is active, `replication.opens` who opens the stream, and heartbeats
  // are its. The rest, and what the application does, must be equal on both.
  explicit InputHost(HostConfig config);

  void start(Instant now);
  Verdict on_packet(Instant now, Packet& packet) noexcept;
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  void on_timer(Instant now);
  bool on_order(Instant now, Host::Order order);  // promote and solo

  std::optional<Packet> next_transmit();
  std::optional<Message> next_message() { return messages_.next(); }
  std::optional<Notice> next_notice() { return notices_.next(); }
  Instant next_deadline() const;

  Role role() const { return role_; }
  // The first active's is 1, that of the one takeover 2; who only stands by has none.
  std::uint64_t epoch() const { return epoch_; }
  Host& host() { return host_; }
  std::uint64_t digest() const { return host_.digest(); }
  std::uint64_t applied() const { return applied_; }  // inputs
  std::uint64_t replication_bytes() const { return sent_bytes_; }

 private:
  enum class Kind : std::uint8_t { start = 1, packet, timer, acknowledgment, heartbeat };
  struct Input {
    Kind kind;
    Instant now;
    std::vector<std::uint8_t> bytes;
  };

  void submit(Instant now, Kind kind, std::span<const std::uint8_t> bytes);
  void send(const Input& input);
  std::optional<Input> next_input();
  void apply(Input& input);
  void apply_up_to(std::uint64_t count);
  void acknowledge();
  void collect();
  void lose(Instant now);
  void go_alone(Instant now, const char* notice);
  Instant suspicion_at() const;
  Instant input_deadline() const;
  Instant shifted(Instant now) const;

  Role role_;
  std::vector<Address> addresses_;
  bool opens_;
  Duration heartbeat_, silence_max_;
  std::uint64_t epoch_;
  Host host_;
  bool peer_up_ = false, alone_ = false, timer_waits_ = false;
  Instant heard_at_{}, beat_at_ = kNever, reopen_at_ = kNever;
  Instant last_ = Instant::min();  // of the newest input
  Duration shift_{};               // a new active's clock may lie behind the old one's
  std::deque<Input> waiting_;
  std::uint64_t applied_ = 0, sent_bytes_ = 0;
  std::vector<std::uint8_t> received_;  // of the stream, not yet an input
  std::deque<std::vector<std::uint8_t>> outputs_;
  std::vector<std::uint8_t> lent_;
  Queue<Message> messages_;
  Queue<Notice> notices_;
};

}  // namespace poise::tcp
