// All that a role counts, as an operator's answer: the machine's, the queues' and the streams'.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/balancer/counters.h"
#include "realnet/control/limits.h"
#include "realnet/control/operator_server.h"
#include "realnet/packets/shards.h"

namespace poise::realnet {

// Sums over the shards. What the kernel lost in front of a queue stands there, too.
template <class M>
Answer packet_counters(Shards<M>& shards) {
  Answer result = Answer::object();
  const auto add = [&](const std::string& name, std::uint64_t value) {
    result[name] = result.value(name, std::uint64_t{0}) + value;
  };
  std::vector<std::uint16_t> queues;  // the kernel is asked when the shards work again
  shards.look([&](const Shard<M>& shard) {
    for (std::size_t i = 0; i < kCountNumber; ++i) {
      const auto count = static_cast<Count>(i);
      add(std::string(to_string(count)), shard.machine().counters()[count]);
    }
    const QueueCounters& queue = shard.queue().counters();
    add("queue_received", queue.received);
    add("queue_checksums_finished", queue.checksums_finished);
    add("queue_unreadable", queue.unreadable);
    add("queue_overruns", queue.overruns);
    add("queue_verdicts_failed", queue.verdicts_failed);
    queues.push_back(shard.queue().settings().number);
    for (const auto& ring : shard.intake().rings()) {
      const XdpCounters& xdp = ring->counters();
      add("xdp_received", xdp.received);
      add("xdp_checksums_finished", xdp.checksums_finished);
      add("xdp_sent", xdp.sent);
      add("xdp_unwilling", xdp.unwilling);
      add("xdp_dropped", ring->kernel().dropped);
    }
    for (const RawSender* sender : shard.senders()) {
      const RawSender::Counters& raw = sender->counters();
      add("raw_sent", raw.sent);
      add("raw_too_big", raw.too_big);
      add("raw_unreachable", raw.unreachable);
      add("raw_failed", raw.failed);
    }
    if (shard.injector()) {
      add("tun_injected", shard.injector()->counters().injected);
      add("tun_refused", shard.injector()->counters().refused);
    }
  });
  for (const std::uint16_t number : queues) {
    const KernelQueue kernel = kernel_queue(number);
    add("queue_waiting", kernel.waiting);
    add("queue_dropped_full", kernel.dropped_full);
    add("queue_dropped_socket", kernel.dropped_socket);
  }
  return result;
}

inline void add_stream_counters(Answer& result, const StreamCounters& streams) {
  for (std::size_t i = 0; i < kStreamCountNumber; ++i) {
    const auto count = static_cast<StreamCount>(i);
    result["streams_" + std::string(to_string(count))] = streams[count];
  }
}

}  // namespace poise::realnet
