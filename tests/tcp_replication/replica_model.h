// One state of the model behind right_to_speak.h, and what can happen in it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/tcp_replication/right_to_speak.h"

namespace poise::tcp {

inline constexpr std::size_t kWitness = 2;  // among the clocks

struct Replica {
  bool active = false;
  bool complete = false;  // standby: has all that its active has told
  bool alone = true;
  bool attached = false;  // active: the other has everything, and outputs wait for it
  std::uint64_t epoch = 0;
  Lease lease;
  Promise promise;
  std::optional<Claim> claim;
  Instant claimed_at{};
  bool connected = true;                         // to the witness
  bool ruled = false;                            // has heard of the newest epoch in this life
  bool beat_peer = false, beat_witness = false;  // in this tick
  // What nobody in the system knows: it served clients alone, and nobody else has what they were
  // told.
  bool unshared = false;

  Replica(const ReplicationConfig& config, const ReplicationConfig& granter)
      : lease(config), promise(granter) {}
};

class ReplicaModel {
 public:
  ReplicaModel(const Rules& rules, const Bounds& bounds, std::array<int, 3> rates);

  // Calls `visit` with each thing that can happen and the state after it.
  void each_next(const std::function<void(const char*, int, const ReplicaModel&)>& visit) const;
  std::string violation() const { return violation_; }
  std::uint64_t digest() const;

 private:
  using Channel = std::optional<StreamMessage>;

  Instant now(std::size_t who) const { return Instant{Duration{clocks_[who]}}; }
  bool speaks(std::size_t who) const;
  void check();
  Witness& change_witness();

  // What can happen; false, and nothing changes: not now.
  bool tick();
  bool beat_peer(std::size_t who);
  bool beat_witness(std::size_t who);
  bool claim(std::size_t who);
  bool attach(std::size_t who);
  bool hand_over(std::size_t who);
  bool deliver_to_peer(std::size_t who);
  bool deliver_to_witness(std::size_t who);
  bool deliver_from_witness(std::size_t who);
  bool break_stream(std::size_t who);
  bool connect(std::size_t who);
  bool restart_replica(std::size_t who);
  bool restart_witness();

  void on_heartbeat(std::size_t who, const Heartbeat& heartbeat);
  void on_answer(std::size_t who, const Heartbeat& answer);
  void on_ruling(std::size_t who, const Ruling& ruling);
  void take(std::size_t who, const Claim& claim);
  void fence(std::size_t who, std::uint64_t epoch);
  void tell_witness(std::size_t who, const StreamMessage& message);
  void drop_stream(std::size_t who);

  Rules rules_;
  Bounds left_;
  std::array<int, 3> rates_;
  ReplicationConfig config_, granter_config_, witness_config_;
  std::array<std::int64_t, 3> clocks_{1000, 2000, 3000};  // they need not agree
  std::array<Replica, 2> replicas_;
  std::shared_ptr<const Witness> witness_;
  std::array<Channel, 2> to_peer_, to_witness_, from_witness_;
  std::uint64_t spoken_ = 0;  // the newest epoch in which anybody may have spoken
  std::string violation_;
};

}  // namespace poise::tcp
