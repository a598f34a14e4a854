// Any bytes from a balancer, or from the wire, leave an agent alive and with a deadline in the
// future.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "model/balancer/agent.h"
#include "model/check.h"

namespace {

using namespace poise;

struct Sink {
  void transmit(const Packet&) {}
  void send(const Message& message) { POISE_CHECK(message.peer < 2); }
  void notice(const Notice& notice) { POISE_CHECK(!notice.kind.empty()); }
  void wake_at(Instant at) { deadline = at; }
  Instant deadline = kNever;
};

AgentConfig config(std::uint8_t choice) {
  AgentConfig config;
  config.address = Address::v4(0x0a000101);
  config.balancers = {Address::v4(0x0a000001), Address::v4(0x0a000002)};
  config.vips = {{Address::v4(0x0aff0001), 6, 80}};
  config.encapsulation = static_cast<wire::Encapsulation>(choice & 3);
  return config;
}

void play(Agent& agent, std::uint8_t event, std::span<const std::uint8_t> bytes, Instant now) {
  const PeerId peer = event >> 6;
  std::vector<std::uint8_t> memory(kHeadroom + bytes.size());
  std::ranges::copy(bytes, memory.begin() + kHeadroom);
  Packet packet(memory, kHeadroom, bytes.size());
  switch (event % 7) {
    case 0:
      return agent.on_peer(now, peer, PeerEvent::up);
    case 1:
      return agent.on_peer(now, peer, PeerEvent::down);
    case 2:
      return agent.on_timer(now);
    case 3:
      return static_cast<void>(
          agent.on_command(now, {static_cast<Command::Kind>(event >> 3 & 3), {}}));
    case 4:
      return agent.on_message(now, peer, bytes);
    case 5:
      return static_cast<void>(agent.on_packet(now, packet));
    default:
      return static_cast<void>(agent.on_egress(now, packet));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> rest(data, size);
  if (rest.empty()) return 0;
  Agent agent(config(rest[0]));
  rest = rest.subspan(1);
  Sink world;
  Instant now{};
  agent.start(now);
  drain(agent, world);
  while (rest.size() >= 3) {
    now += std::chrono::milliseconds{rest[0]};
    const std::size_t length = std::min<std::size_t>(rest[2], rest.size() - 3);
    if (world.deadline <= now) {
      agent.on_timer(now);
      drain(agent, world);
      POISE_CHECK(world.deadline > now);
    }
    play(agent, rest[1], rest.subspan(3, length), now);
    rest = rest.subspan(3 + length);
    drain(agent, world);
    POISE_CHECK(world.deadline > now);
  }
  static_cast<void>(agent.digest());
  return 0;
}
