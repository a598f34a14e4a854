// Any stream bytes, datagrams and orders in any order leave a balancer alive, within its bounds and
// with a deadline in the future.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/balancer/balancer.h"
#include "model/check.h"
#include "model/policy/policy.h"

namespace {

using namespace poise;

struct Sink {
  void transmit(const Packet& packet) { POISE_CHECK(packet.size() > 0); }
  void send(const Message& message) { POISE_CHECK(message.bytes.size() < 1000); }
  void notice(const Notice& notice) { POISE_CHECK(!notice.kind.empty()); }
  void wake_at(Instant at) { deadline = at; }
  Instant deadline = kNever;
};

// Reads the fuzzer's bytes: an event, its subject, and a length before what follows.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  bool at_end() const { return rest_.empty(); }
  std::uint8_t take() {
    if (rest_.empty()) return 0;
    const std::uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  std::span<const std::uint8_t> take_bytes() {
    const std::size_t size = std::min<std::size_t>(take(), rest_.size());
    const std::span<const std::uint8_t> bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

BalancerConfig config(std::uint8_t choice) {
  BalancerConfig config;
  config.address = Address::v4(0x0a000001);
  config.vips = {{Address::v4(0x0aff0001), 6, 80}, {Address::v4(0x0aff0001), 17, 0}};
  config.encapsulation = static_cast<wire::Encapsulation>(choice & 3);
  config.tracking = choice & 4;
  config.clamp_mss = choice & 8;
  config.mtu = choice & 16 ? 1500 : 100;
  config.flow_count_max = 8;
  config.backend_count_max = 3;
  config.peer_count_max = 4;
  return config;
}

void play(Balancer& balancer, Script& script, Instant now) {
  const std::uint8_t event = script.take();
  const PeerId peer = script.take() % 8;
  switch (event % 8) {
    case 0:
      return balancer.on_peer(now, peer, PeerEvent::up);
    case 1:
      return balancer.on_peer(now, peer, PeerEvent::down);
    case 2:
      return balancer.on_timer(now);
    case 3: {
      const auto name = script.take_bytes();
      static_cast<void>(balancer.on_command(
          now, {static_cast<Command::Kind>(peer % 4), std::string(name.begin(), name.end())}));
      return;
    }
    case 4:
    case 5:
      return balancer.on_message(now, peer, script.take_bytes());
    default: {
      const auto bytes = script.take_bytes();
      std::vector<std::uint8_t> memory(kHeadroom + bytes.size());
      std::ranges::copy(bytes, memory.begin() + kHeadroom);
      Packet packet(memory, kHeadroom, bytes.size());
      static_cast<void>(balancer.on_packet(now, packet));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script(data, size);
  Balancer balancer(config(script.take()), policy::make({.table_size = 13}));
  Sink world;
  Instant now{};
  while (!script.at_end()) {
    now += std::chrono::milliseconds{script.take()};
    if (world.deadline <= now) {
      balancer.on_timer(now);
      drain(balancer, world);
      POISE_CHECK(world.deadline > now);
    }
    play(balancer, script, now);
    drain(balancer, world);
    POISE_CHECK(world.deadline > now);
    POISE_CHECK(balancer.backends().size() <= 3 && balancer.flows().size() <= 8);
  }
  static_cast<void>(balancer.digest());
  return 0;
}
