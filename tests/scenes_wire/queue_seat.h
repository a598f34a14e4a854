// A seat behind a real NFQUEUE: the machine in a Shard, as in the daemon, on the script's clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "realnet/packets/shard.h"
#include "tests/scenes_wire/kernel_host.h"
#include "tests/world/seat.h"

namespace poise::scene {

// The hosts that the machines of a scene sit on; made once, for all scenes of a process, because a
// namespace with its rules takes 50 ms.
class KernelHosts {
 public:
  KernelHost& balancer(std::size_t i) { return at(balancers_, i); }
  KernelHost& agent(std::size_t i) { return at(agents_, i); }

 private:
  static KernelHost& at(std::deque<KernelHost>& hosts, std::size_t i) {
    while (hosts.size() <= i) hosts.emplace_back();
    return hosts[i];
  }
  std::deque<KernelHost> balancers_, agents_;
};

class QueueSeats : public memory::Seats {
 public:
  // `patience`: for a datagram to get through the kernel of a machine that is very busy.
  QueueSeats(KernelHosts& hosts, realnet::Emission emission, std::chrono::milliseconds patience)
      : hosts_(hosts), emission_(emission), patience_(patience) {}

  std::unique_ptr<memory::Seat<Balancer>> seat(std::unique_ptr<Balancer> machine,
                                               const BalancerConfig& config,
                                               RecordWriter*) override;
  std::unique_ptr<memory::Seat<Agent>> seat(std::unique_ptr<Agent> machine,
                                            const AgentConfig& config, RecordWriter*) override;

 private:
  // A machine that starts again sits where it sat.
  static std::size_t index_of(std::deque<std::string>& names, const std::string& name);

  KernelHosts& hosts_;
  realnet::Emission emission_;
  std::chrono::milliseconds patience_;
  std::deque<std::string> balancers_, agents_;
};

}  // namespace poise::scene
