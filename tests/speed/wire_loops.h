// The loops that are compared on one NFQUEUE: the balancer's, two that do its input and output
// without deciding, one that accepts and one that drops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/wire/encapsulation.h"
#include "realnet/packets/nfqueue.h"
#include "realnet/packets/raw_sender.h"
#include "realnet/packets/shard.h"
#include "tests/speed/wire_rig.h"

namespace poise::realnet {

// Reads, and gives every datagram the same fate.
template <Queue::Fate fate>
struct FateLoop {
  Queue queue;
  std::vector<Queue::Fate> fates = std::vector<Queue::Fate>(kBurst, fate);

  explicit FateLoop(std::uint16_t number = 0) : queue({.number = number}) {}
  void work() { queue.settle(std::span(fates).first(queue.receive())); }
  std::uint64_t done() const { return queue.counters().received; }
};
using DropLoop = FateLoop<Queue::Fate::drop>;
using AcceptLoop = FateLoop<Queue::Fate::accept>;

// Reads, prepends a fixed tunnel header and emits.
template <Emission emission>
struct BareLoop {
  Queue queue;
  RawSender sender;
  wire::TunnelHeader header{wire::Encapsulation::gue, Address::v4(0x0a080201),
                            Address::v4(0x0a080202)};
  std::vector<std::uint8_t> fixed;
  std::vector<Queue::Fate> fates = std::vector<Queue::Fate>(
      kBurst, emission == Emission::verdict ? Queue::Fate::replace : Queue::Fate::drop);

  explicit BareLoop(std::uint16_t number = 0) : queue({.number = number}) {}
  void work() {
    const std::size_t count = queue.receive();
    for (Packet& packet : queue.packets()) {
      if (fixed.empty()) fix(packet);
      std::ranges::copy(fixed, packet.prepend(fixed.size()));
      if constexpr (emission == Emission::raw) sender.queue(packet);
    }
    if constexpr (emission == Emission::raw) sender.flush();
    queue.settle(std::span(fates).first(count));
  }
  // All datagrams are of one size, so one header fits them all.
  void fix(Packet packet) {
    header.apply(packet, 50000);
    const std::span<const std::uint8_t> bytes = packet.bytes();
    fixed.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header.size()));
  }
  std::uint64_t done() const { return queue.counters().received; }
};

// What a balancer's daemon does with a queue.
template <Emission emission>
struct BalancerLoop {
  Shard<Balancer> shard;

  explicit BalancerLoop(std::uint16_t number = 0)
      : shard(WireRig::balancer(), nullptr, Queue({.number = number}), emission, true) {}
  void work() { static_cast<void>(shard.work()); }
  std::uint64_t done() const { return shard.queue().counters().received; }
};

}  // namespace poise::realnet
