// The control side of a balancer: who registers, who proved its data path, who is alive.
//
// Caplance's lines (ASCII, "\n" or "\r\n", one peer a backend), made right:
//
//   REGISTER <name> <address> [weight=<1..65535>]
//       -> a probe "SANITY <nonce>" through the tunnel to exactly that backend, again every
//          probe_interval, until
//   SANE <nonce>              -> REGISTERED <name> <address>       and only now it gets traffic;
//                             -> PAUSED <name>                     too, when it is back from a
//                                                     broken stream and was paused before
//   REPLICA <pair> <0|1> <epoch> <active|standby>   after REGISTER: its host is a replica (pairs.h)
//       -> STEERED <pair> <0|1|-> <epoch>           where the pair's packets go now
//       -> FENCED <pair> <epoch>                    refused: that epoch is the newest
//   HEALTH <code>             -> HEALTHACK 200        2xx is well; three others in a row: down,
//   until
//                                                     two well ones, and the data path is proved
//                                                     anew
//   PAUSE <name> [now]        -> PAUSED <name>                     drains; `now`: no packets at all
//   RESUME <name>             -> RESUMED <name>
//   DEREGISTER <name>         -> DEREGISTERED <name> client requested deregistration, and hangs up
//   anything else             -> INVALID <reason>
//   silence for `timeout`     -> DEREGISTERED <name> health check timeout ran out, and hangs up
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/backend/backend_set.h"
#include "model/backend/health.h"
#include "model/balancer/command.h"
#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/balancer/line.h"
#include "model/balancer/outbox.h"
#include "model/balancer/pairs.h"
#include "model/balancer/snapshot.h"
#include "model/machine.h"
#include "model/random.h"

namespace poise {

class DataPath;

class Registrar {
 public:
  // Keeps references; all must outlive it.
  Registrar(const BalancerConfig& config, BackendSet& backends, Counters& counters,
            DataPath& data_path);

  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  CommandResult on_command(Instant now, const Command& command);
  void on_timer(Instant now);
  void on_flow_counts(std::span<const FlowCount> flows) {
    told_.emplace(flows.begin(), flows.end());
  }
  // Some member's drain waits for its flows to end.
  bool drains() const;
  // A member of another life; none: it does not fit this balancer.
  BackendRef restore(Instant now, const SnapshotMember& member);
  // The members that a successor should know, sorted by name.
  std::vector<SnapshotMember> members(Instant now) const;
  // Grows with every change of members() that the backend set does not see.
  std::uint64_t changes() const { return changes_ + pairs_.changes(); }
  // After all calls of restore(): members[i] has become refs[i].
  void restore_pairs(std::span<const SnapshotMember> members, std::span<const BackendRef> refs) {
    pairs_.restore(members, refs);
  }
  const Pairs& pairs() const { return pairs_; }
  void tell(std::string_view kind, std::string subject, std::string detail = {});

  std::optional<Message> next_message() { return messages_.next(); }
  std::optional<Notice> next_notice() { return notices_.next(); }
  Instant next_deadline() const;
  std::uint64_t digest() const;

 private:
  struct Peer {
    LineBuffer line;
    BackendRef backend;         // none: not registered, or hung up on
    std::string nonce;          // not empty: its data path is being proved
    Instant deadline = kNever;  // until REGISTER, from then until SANE, and while it is unwell
                                // until its next line: give up then
    Instant probe = kNever;     // when the next one is sent
    bool is_replica = false;    // it has said REPLICA, and was taken for one
    std::optional<ReplicaStatus> announced;  // until its data path is proved: to be taken then
    bool closing = false;                    // we hung up
  };
  // What outlives a stream: a drain that runs, an orphan, a backend that is down.
  struct Member {
    Instant drain_until = kNever;
    Instant forget_at = kNever;
    bool orphan = false;  // its stream closed: it drains until its agent is back, or is lost
  };

  void take_line(Instant now, PeerId id, Peer& peer, std::string_view line);
  void take_register(Instant now, PeerId id, Peer& peer, const Tokens& tokens);
  void take_sane(Instant now, PeerId id, Peer& peer, std::string_view nonce);
  void take_replica(Instant now, PeerId id, Peer& peer, const Tokens& tokens);
  void refuse_replica(Instant now, PeerId id, Peer& peer, const std::string& why);
  void take_health(Instant now, PeerId id, Peer& peer, std::string_view code);
  void take_pause(Instant now, PeerId id, const Peer& peer, bool at_once);
  void take_resume(Instant now, PeerId id, const Peer& peer);
  void take_deregister(PeerId id, Peer& peer);

  CommandResult obey(Instant now, BackendRef backend, const Command& command);
  // The backend that a REGISTER names, new or back again; none: refused, and the reason was said.
  BackendRef enroll(Instant now, PeerId id, std::string_view name, Address address,
                    std::uint32_t weight);
  void prove(Instant now, Peer& peer);
  void send_probe(Instant now, Peer& peer);
  std::map<PeerId, Peer>::iterator peer_of(BackendRef backend);

  void orphan(Instant now, BackendRef backend);
  void lose(Instant now, BackendRef backend, std::string_view why);
  void remove(BackendRef backend);
  bool pause(Instant now, BackendRef backend, bool at_once);
  bool resume(Instant now, BackendRef backend);
  void finish_drains(Instant now);
  std::uint64_t flow_count(BackendIndex backend) const;
  void give_up_on(Instant now, PeerId id, Peer& peer);
  void say_why(PeerId id, const Peer& peer);
  void hang_up(PeerId id, Peer& peer);
  void reap();  // forgets the peers that were hung up on

  void invalid(PeerId id, std::string reason);
  void say(PeerId id, std::string line);
  // Why no backend can have this address; empty: it can.
  std::string_view objection_to(const Address& address) const;

  const BalancerConfig& config_;
  BackendSet& backends_;
  Counters& counters_;
  DataPath& data_path_;
  Rng rng_;
  Health health_;
  std::map<PeerId, Peer> peers_;
  std::map<BackendIndex, Member> members_;
  std::uint64_t changes_ = 0;
  Instant drain_poll_{};                        // when the drains were last looked at
  std::optional<std::vector<FlowCount>> told_;  // none: our own flows are all
  Queue<Message> messages_;
  Queue<Notice> notices_;
  Pairs pairs_;
};

}  // namespace poise
