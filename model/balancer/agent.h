// The Agent on a backend's host: registers with every balancer, keeps the registration alive, and
// takes tunnelled datagrams out of their tunnels, as a pure machine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/balancer/command.h"
#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/balancer/line.h"
#include "model/balancer/outbox.h"
#include "model/balancer/replica.h"
#include "model/machine.h"
#include "model/random.h"

namespace poise {

enum class AgentState : std::uint8_t {
  unregistered,
  connecting,
  registering,
  active,
  paused,
  deregistered
};

std::string_view to_string(AgentState state);

// PeerId i is the stream to config.balancers[i]; the agent asks for it with Message::Kind::open and
// opens it anew, with backoff, when it is lost. Equal states towards all balancers are not assumed.
// The VIPs are attached at the first registration (notice `attach`) and stay until DEREGISTER
// (notice `detach`): a balancer's death does not take them away.
class Agent {
 public:
  explicit Agent(AgentConfig config);

  // Asks for the streams; call once, before any other event.
  void start(Instant now);

  // A datagram that reached the host. pass: not a tunnel of ours, as it was. forward: taken out of
  // its tunnel, for the host's own stack (its destination is a VIP). drop: a probe, or refused.
  Verdict on_packet(Instant now, Packet& packet) noexcept;
  // A datagram that the host's stack sends from a VIP: its SYN's MSS is clamped to what fits the
  // tunnel on the way in, which the balancer never sees with direct server return.
  Verdict on_egress(Instant now, Packet& packet) noexcept;
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  CommandResult on_command(Instant now, const Command& command);
  // What a check of the service itself found: the code of the HEALTH lines from now on, said at
  // once when it changed. 2xx is well. REQUIRES: 100 <= code <= 999.
  void on_health(Instant now, std::uint16_t code);
  // What the server on this host says of itself: told to every balancer at once when it changed,
  // and after every REGISTER. From then on the host is a replica of that pair.
  // REQUIRES: is_backend_name(status.pair), index < kPairSize, epoch <= kEpochMax.
  void on_replica(Instant now, const ReplicaStatus& status);
  void on_timer(Instant now);

  std::optional<Packet> next_transmit() { return std::nullopt; }
  std::optional<Message> next_message() { return messages_.next(); }
  std::optional<Notice> next_notice() { return notices_.next(); }
  Instant next_deadline() const;

  const AgentConfig& config() const { return config_; }
  AgentState state(PeerId peer) const { return links_[peer].state; }
  // Whom the last command was said to. Each answers with a notice: paused, resumed or deregistered,
  // or refused or lost.
  const std::vector<PeerId>& asked() const { return asked_; }
  // Deregistered at every balancer: each has answered, or will not.
  bool has_left() const;
  const Counters& counters() const { return counters_; }
  const std::optional<ReplicaStatus>& replica() const { return replica_; }
  // What a balancer last answered to it: "STEERED db 1 5", "FENCED db 5"; empty: nothing yet.
  const std::string& steering(PeerId peer) const { return links_[peer].steering; }
  std::uint64_t digest() const;

 private:
  struct Link {
    AgentState state = AgentState::unregistered;
    bool up = false;
    // Of the operator, said again after a reconnect: drain or pause until another order, resume
    // until the balancer has it.
    std::optional<Command::Kind> wanted;
    Instant deadline =
        kNever;  // unregistered: open again; else: the balancer has been silent too long
    Instant heartbeat = kNever;
    Duration backoff{};
    LineBuffer line;
    std::string steering;  // what it last said of our pair: STEERED ... or FENCED ...
  };

  void open(Instant now, PeerId peer);
  void lose(Instant now, PeerId peer, std::string_view why);
  std::uint64_t lot_at(Instant now);
  void take_line(Instant now, PeerId peer, const std::string& line);
  Verdict take_probe(PeerId peer, std::string_view payload) noexcept;
  Verdict refuse(Count reason) noexcept;
  Verdict pass() noexcept;
  void registered(Instant now, PeerId peer);
  void leave(PeerId peer);
  static void forget_resume(Link& link);
  bool order(Instant now, PeerId peer, Command::Kind kind);
  void say(PeerId peer, std::string line);
  void say_health(PeerId peer);
  void tell(std::string_view kind, PeerId peer, std::string detail = {});
  bool is_vip(const Address& address) const;

  AgentConfig config_;
  Rng rng_;
  Instant drawn_at_ = kNever;
  std::uint64_t lot_ = 0;
  std::vector<Link> links_;
  std::vector<PeerId> asked_;
  bool attached_ = false;
  std::uint16_t health_ = 200;
  std::optional<ReplicaStatus> replica_;  // none: not a replica
  Counters counters_;
  Queue<Message> messages_;
  Queue<Notice> notices_;
};

}  // namespace poise
