// The control side of a balancer: who registers, who proved its data path, who is alive.
//
// Caplance's lines (ASCII, "\n" or "\r\n", one peer a backend), made right:
//
//   REGISTER <name> <address> [weight=<1..65535>]
//       -> a probe "SANITY <nonce>" through the tunnel to exactly that backend, again every
//          probe_interval, until
//   SANE <nonce>              -> REGISTERED <name> <address>       and only now it gets traffic
//   HEALTH <code>             -> HEALTHACK 200                     2xx well; else no new flows
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

#include "model/backend/backend_set.h"
#include "model/balancer/command.h"
#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/balancer/line.h"
#include "model/balancer/outbox.h"
#include "model/machine.h"
#include "model/random.h"

namespace poise {

class DataPath;

class Registrar {
 public:
  // Keeps references; all must outlive it.
  Registrar(const BalancerConfig& config, BackendSet& backends, Counters& counters, DataPath& data_path);

  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  CommandResult on_command(Instant now, const Command& command);
  void on_timer(Instant now);

  std::optional<Message> next_message() { return messages_.next(); }
  std::optional<Notice> next_notice() { return notices_.next(); }
  Instant next_deadline() const;
  std::uint64_t digest() const;

 private:
  struct Peer {
    LineBuffer line;
    BackendRef backend;         // none: not registered, or hung up on
    std::string nonce;          // not empty: its data path is being proved
    Instant deadline = kNever;  // not registered or being proved: give up; else: silent too long
    Instant probe = kNever;
    bool closing = false;       // we hung up; what still arrives is ignored
  };
  // What outlives a stream: a drain that runs, a backend that is down and will be forgotten.
  struct Member {
    Instant drain_until = kNever;
    Instant forget_at = kNever;
    bool unwell = false;  // drained by its own HEALTH code
  };

  void take_line(Instant now, PeerId id, Peer& peer, std::string_view line);
  void take_register(Instant now, PeerId id, Peer& peer, std::string_view name, std::string_view address,
                     std::string_view option);
  void take_sane(Instant now, PeerId id, Peer& peer, std::string_view nonce);
  void take_health(Instant now, PeerId id, Peer& peer, std::string_view code);
  void take_pause(Instant now, PeerId id, Peer& peer, bool at_once);
  void take_resume(Instant now, PeerId id, Peer& peer);
  void take_deregister(Instant now, PeerId id, Peer& peer);

  void refuse_registration(PeerId id, Peer& peer, std::string reason);
  void send_probe(Instant now, Peer& peer);
  void lose(Instant now, BackendRef backend, std::string_view why);
  void remove(BackendRef backend);
  bool pause(Instant now, BackendRef backend, bool at_once);
  bool resume(Instant now, BackendRef backend);
  void finish_drains(Instant now);
  void hang_up(PeerId id, Peer& peer);
  void invalid(PeerId id, std::string reason);
  void say(PeerId id, std::string line);
  void tell(std::string_view kind, std::string subject, std::string detail = {});
  std::string make_nonce();

  const BalancerConfig& config_;
  BackendSet& backends_;
  Counters& counters_;
  DataPath& data_path_;
  Rng rng_;
  std::map<PeerId, Peer> peers_;
  std::map<BackendIndex, Member> members_;
  Queue<Message> messages_;
  Queue<Notice> notices_;
};

}  // namespace poise
