// Failover pairs: which of two replicas holds the newest epoch, and so gets the packets of both.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/backend/backend_set.h"
#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/balancer/outbox.h"
#include "model/balancer/replica.h"
#include "model/balancer/snapshot.h"
#include "model/machine.h"

namespace poise {

// A pair is one backend to policies and flows: a takeover changes its address and moves no flow.
// Its replicas are members too, with streams, proofs and heartbeats of their own, but they are
// never chosen.
//
//   An epoch is a fencing token: the active of the newest one known gets the packets, from the
//   instant it says so, until another announces a newer one. An active of an older epoch, or a
//   second one of the same, is refused. Nobody gets packets because another was silent.
//
//   The pair is up while its active is. Then it is kept, with its flows, for `replica_grace`,
//   while packets go to the last active known; it is down when nobody has announced itself by
//   then, or at once when both replicas are silent. It comes back with an announcement.
//
// Costs O(pairs) an event of the control path, and nothing on the data path.
class Pairs {
 public:
  // Keeps references; all must outlive it.
  Pairs(const BalancerConfig& config, BackendSet& backends, Counters& counters,
        Queue<Notice>& notices);

  // What the agent of `member` says of its server; settle() must follow. The member is a replica
  // from then on, fenced or not, unless it is not taken for one.
  struct Answer {
    bool is_taken = false;
    std::string line;  // for its agent: STEERED, FENCED; or why it was not taken
  };
  Answer announce(Instant now, BackendRef member, const ReplicaStatus& status);
  // The member speaks for no replica any more.
  void release(BackendRef member);
  // To be called after every event that may have changed members.
  void settle(Instant now);
  // The next pair that nobody has been a member of for forget_timeout: to be removed.
  std::optional<BackendRef> next_forgotten(Instant now) const;
  void forget(BackendRef pair) { pairs_.erase(pair.index); }

  // None: not a pair.
  std::optional<PairView> view(BackendRef pair) const;
  bool serves(BackendRef pair) const;
  // It is the replica that its pair's packets go to.
  bool is_active(BackendRef member) const;
  std::array<BackendRef, kPairSize> replicas(BackendRef pair) const;  // who are still members

  // Adds what is known here to the members of a snapshot, and takes out replicas without a pair.
  void save(std::vector<SnapshotMember>& members) const;
  // After all members are back: members[i] has become refs[i], or none.
  void restore(std::span<const SnapshotMember> members, std::span<const BackendRef> refs);

  // Grows with every change of what save() gives.
  std::uint64_t changes() const { return changes_; }
  Instant next_deadline() const;
  std::uint64_t digest() const;

 private:
  struct Replica {
    BackendRef member;  // none or stale: nobody
    std::uint64_t epoch = 0;
    bool active = false;  // what it said last
  };
  struct Pair {
    std::array<Replica, kPairSize> replicas;
    std::uint64_t epoch = 0;             // the newest known
    std::uint64_t active_epoch = 0;      // of `active`
    std::optional<std::uint8_t> active;  // the last known
    Instant grace_end = kNever;
    Instant forget_at = kNever;  // nobody is its member
  };
  struct Seat {
    BackendIndex pair = kNoBackend;
    std::uint8_t index = 0;
  };

  // Why the configuration does not give it this seat; empty: it does.
  std::string objection_to(BackendRef member, const ReplicaStatus& status) const;
  std::optional<Seat> seat_of(BackendRef member) const;
  // The pair of that name, new if need be; kNoBackend, and why not.
  BackendIndex pair_named(Instant now, BackendRef member, const std::string& name,
                          std::string& why_not);
  void take_active(BackendIndex index, Pair& pair, const ReplicaStatus& status);
  bool is_alive(const Pair& pair, std::size_t index) const;
  bool serves(const Pair& pair) const;
  bool is_member(BackendRef member) const { return backends_.find(member) != nullptr; }
  bool has_members(const Pair& pair) const;
  void settle_state(Instant now, BackendIndex index, Pair& pair);
  void settle_paths(BackendIndex index, const Pair& pair);
  void lose(Instant now, BackendIndex index, const std::string& why);
  void tell(std::string_view kind, BackendIndex pair, std::string detail);

  const BalancerConfig& config_;
  BackendSet& backends_;
  Counters& counters_;
  Queue<Notice>& notices_;
  std::map<BackendIndex, Pair> pairs_;
  std::uint64_t changes_ = 0;
};

}  // namespace poise
