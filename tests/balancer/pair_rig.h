// A balancer with a failover pair: two agents' hands, and what they say of their servers.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/balancer/rig.h"

namespace poise::testing {

using Lines = std::vector<std::string>;

// Hosts 1 and 2 are the replicas 0 and 1 of "db"; 3 is a backend of its own.
class Pair : public ::testing::Test {
 protected:
  static BalancerConfig pair_config(bool mirror = false) {
    BalancerConfig c = config();
    c.mirror = mirror;
    c.replica_grace = 2s;
    c.forget_timeout = 10s;
    return c;
  }
  explicit Pair(bool mirror = false) : Pair(pair_config(mirror)) {}
  explicit Pair(BalancerConfig c) : rig(std::move(c)) {}

  // An agent's first words; its data path is proved.
  void joins(unsigned i, const std::string& status) { joins(i, status, rig); }
  void joins(unsigned i, const std::string& status, Rig& host) {
    host.up(i).says(i, "REGISTER " + backend_name(i) + ' ' + backend_address(i).to_string());
    host.says(i, "REPLICA db " + status).says(i, "SANE " + host.probe().first);
    host.transmitted();
  }
  void form() {
    joins(1, "0 1 active");
    joins(2, "1 1 standby");
    rig.lines(1);
    rig.lines(2);
  }
  BackendState state() const {
    const Backend* pair = rig.balancer.backends().find("db");
    return pair ? pair->state : BackendState::registering;
  }
  bool saw(const std::string& subject, const std::string& kind) const {
    const Lines kinds = rig.notices(subject);
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }

  Rig rig;
};

}  // namespace poise::testing
