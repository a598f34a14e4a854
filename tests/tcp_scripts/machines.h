// Where a script's machines stand: one host, or two replicas and a witness. The script is their
// clients' network.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "tests/tcp_scripts/setup.h"
#include "tests/tcp_world/cluster.h"

namespace poise::tcp::script {

inline constexpr Instant kBegin = instant_from_ns(100'000'000'000);

// What the stage hears.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void left(Instant at, int replica, std::span<const std::uint8_t> bytes) = 0;
  virtual void noticed(Instant at, testing::Node node, const Notice& notice) = 0;
};

class Machines final : public testing::Cluster {
 public:
  Machines(const Setup& setup, Observer& observer);
  ~Machines() override;

  // The network brings the VIP's packets to whoever was last heard to become active.
  int serving() const { return serving_; }
  void deliver(std::span<const std::uint8_t> bytes);
  // After using a host from outside of its events.
  void drain(int replica) {
    act(node_of(replica), [](Host&) {});
  }

 private:
  std::unique_ptr<Host> make(testing::Node node, Role role) override;
  std::unique_ptr<Witness> make_witness() override;
  void left(testing::Node from, std::span<const std::uint8_t> bytes) override;
  void noticed(testing::Node node, const Notice& notice) override;

  const Setup& setup_;
  Observer& observer_;
  std::vector<std::unique_ptr<Application>> applications_;  // of all lives
  int serving_ = 0;
  std::uint64_t serving_epoch_ = 0;
};

}  // namespace poise::tcp::script
