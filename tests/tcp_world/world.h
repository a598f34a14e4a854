// A cluster and its client's network: wires with delay and seeded loss, and a balancer that knows
// at once who serves.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/random.h"
#include "tests/tcp_world/cluster.h"

namespace poise::tcp::testing {

struct WorldConfig {
  Duration wire = std::chrono::milliseconds{1};          // client to servers, one way
  Duration replication = std::chrono::microseconds{50};  // between replicas and witness, one way
  double loss = 0;                                       // of datagrams
  std::uint64_t seed = 1;
  HostConfig client;  // role alone
  HostConfig server;  // of both replicas but for role, index, opens; role alone: there is one
  // Makes each life of a replica its application, which serves all its listeners.
  std::function<std::unique_ptr<Application>()> application;
  bool mirror = false;  // datagrams of clients reach both replicas
};

class World final : public Cluster {
 public:
  explicit World(WorldConfig config);
  ~World() override;

  Host& client() { return *host(Node::client); }
  // Every datagram that a host emits, before the wire takes or loses it.
  std::function<void(Node, std::span<const std::uint8_t>)> on_emit;
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  std::unique_ptr<Host> make(Node node, Role role) override;
  std::unique_ptr<Witness> make_witness() override;
  void left(Node from, std::span<const std::uint8_t> bytes) override;
  void noticed(Node node, const Notice& notice) override;

  WorldConfig config_;
  Rng chance_;
  std::vector<std::unique_ptr<Application>> applications_;  // of all lives
  std::vector<std::string> notices_;
};

}  // namespace poise::tcp::testing
