// The inside of a host: its table, its pair, and what it does with a segment.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/balancer/outbox.h"
#include "model/tcp/host/held_packets.h"
#include "model/tcp/host/host.h"
#include "model/tcp/host/pair.h"
#include "model/tcp/host/table.h"

namespace poise::tcp {

// The listener of a key's destination; nullptr when there is none.
const Listener* listener_of(const HostConfig& config, const FlowKey& key);

struct Host::Core {
  explicit Core(HostConfig configuration)
      : config(std::move(configuration)),
        table(config),
        pair(config, table, &listener_of),
        ports(config.seed),
        held(config.held_packets_max),
        memory(kPacketMemory) {
    table.place().cookies = cookies_only();
  }

  // Replicas complete each other's handshakes: then a handshake may agree on nothing that a cookie
  // cannot say.
  bool cookies_only() const {
    return config.replication.role != Role::alone || config.half_open_count_max == 0;
  }
  std::uint32_t clock_of(Instant at, const FlowKey& key) const {
    return table_clock(at) + timestamp_offset(key);
  }
  std::uint32_t table_clock(Instant at) const { return table.clock().at(at); }
  std::uint32_t timestamp_offset(const FlowKey& key) const {
    const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(FlowKey)>>(key);
    return static_cast<std::uint32_t>(siphash24({config.secret.k1, config.secret.k0}, bytes));
  }
  std::uint64_t minutes(Instant at) const { return table_clock(at) / 60'000; }

  Instant last_cookie_at() const { return std::max(cookie_at, pair.took_over_at()); }
  void take(Instant now, Packet& packet, const wire::Datagram& datagram, const FlowKey& key);
  bool is_another(Instant now, Slot slot, const Segment& segment) const;
  void release(Instant now);
  void feed();
  void deliver(Instant now, Slot slot, const Segment& segment);
  void reset(Instant now, const FlowKey& key, const Segment& segment);
  void on_stray(Instant now, const FlowKey& key, const Segment& segment, const Listener* listener);
  void on_syn(Instant now, const FlowKey& key, const Segment& segment, const Listener& listener);
  bool complete_cookie(Instant now, const FlowKey& key, const Segment& segment,
                       const Listener& listener);
  void on_icmp(Instant now, std::span<const std::uint8_t> bytes, const wire::Datagram& datagram);
  void reply(const Envelope& envelope, const Segment& segment);
  Handshake agree(const FlowKey& key, const Segment& syn, const ConnectionConfig& config,
                  const Cookie& cookie) const;

  HostConfig config;
  Table table;
  Pair pair;
  Rng ports;
  Instant now{};
  Instant cookie_at = Instant::min();  // the last cookie that was given, here or by a predecessor
  PacketOutbox replies;
  HeldPackets held;
  std::vector<std::uint8_t> memory;
  Host::Counters counters;
};

}  // namespace poise::tcp
