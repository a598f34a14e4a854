// Arrivals, clients, ports, sizes and pauses, each from its own stream.
#include "model/scenario/workload.h"

#include <algorithm>

#include "model/check.h"
#include "model/hash.h"

namespace poise::scenario {
namespace {

std::vector<std::uint64_t> draw_sizes(const WorkloadSpec& workload, const SizeLaw& law, Rng& rng) {
  std::vector<std::uint64_t> sizes;
  sizes.reserve(workload.requests);
  for (std::uint32_t i = 0; i < workload.requests; ++i) sizes.push_back(law.draw(rng));
  return sizes;
}

std::vector<Duration> draw_thinks(const WorkloadSpec& workload, Rng& rng) {
  std::vector<Duration> thinks;
  thinks.reserve(workload.requests - 1);
  const double mean = to_seconds(workload.think);
  for (std::uint32_t i = 1; i < workload.requests; ++i)
    thinks.push_back(from_seconds(rng.exponential(mean)));
  return thinks;
}

}  // namespace

Rng stream(const Plan& plan, Stream purpose, std::uint64_t index) {
  return Rng(plan.seed,
             mix64(mix64(plan.run) + static_cast<std::uint64_t>(purpose)) ^ mix64(index));
}

Instant workload_stop(const Plan& plan) {
  return Instant{} + (plan.workload.stop == Duration{} ? plan.duration : plan.workload.stop);
}

std::vector<ScheduledFlow> schedule(const Plan& plan, std::uint32_t client_count) {
  const WorkloadSpec& workload = plan.workload;
  POISE_CHECK(workload.arrivals == "open" && client_count > 0);
  Rng arrivals = stream(plan, Stream::arrivals), clients = stream(plan, Stream::clients),
      sizes = stream(plan, Stream::sizes), thinks = stream(plan, Stream::thinks),
      vips = stream(plan, Stream::vips);
  const SizeLaw law = SizeLaw::of(workload);
  const double stop = to_seconds(workload_stop(plan));
  const std::uint64_t count_max = workload.flow_count_max ? workload.flow_count_max : kFlowCountMax;

  std::vector<ScheduledFlow> flows;
  std::vector<std::uint32_t> started(client_count, 0);
  double at = to_seconds(workload.start);
  while (flows.size() < count_max) {
    at += arrivals.exponential(1 / workload.rate_per_s);
    if (at >= stop) break;
    ScheduledFlow flow;
    flow.flow = static_cast<std::uint32_t>(flows.size());
    flow.start = Instant{} + from_seconds(at);
    // One uniform number a flow, scaled: with other client counts the flows keep their order of
    // choice.
    flow.client = static_cast<std::uint32_t>(reduce(clients.next(), client_count));
    flow.source_port =
        static_cast<std::uint16_t>(kSourcePortFirst + started[flow.client]++ % kSourcePortCount);
    flow.vip = static_cast<std::uint32_t>(reduce(vips.next(), plan.service.vips.size()));
    flow.sizes = draw_sizes(workload, law, sizes);
    flow.thinks = draw_thinks(workload, thinks);
    flows.push_back(std::move(flow));
  }
  return flows;
}

ClosedLoop::ClosedLoop(const Plan& plan, std::uint32_t client_count)
    : workload_(plan.workload),
      vip_count_(static_cast<std::uint32_t>(plan.service.vips.size())),
      stop_(workload_stop(plan)),
      law_(SizeLaw::of(plan.workload)) {
  POISE_CHECK(workload_.arrivals == "closed" && client_count > 0);
  for (std::uint32_t slot = 0; slot < workload_.concurrency; ++slot) {
    const std::uint32_t client = slot % client_count;
    const std::uint32_t slots_of_client =
        (workload_.concurrency - client + client_count - 1) / client_count;
    slots_.push_back({stream(plan, Stream::sizes, slot + 1), stream(plan, Stream::thinks, slot + 1),
                      stream(plan, Stream::vips, slot + 1), client, slot / client_count,
                      slots_of_client, 0});
  }
}

std::optional<ScheduledFlow> ClosedLoop::next(std::uint32_t slot_index, Instant now) {
  Slot& slot = slots_[slot_index];
  const Instant start = std::max(now, Instant{} + workload_.start);
  const std::uint64_t number = slot_index + std::uint64_t{slot.count} * slots_.size();
  const std::uint64_t count_max =
      workload_.flow_count_max ? workload_.flow_count_max : kFlowCountMax;
  if (start >= stop_ || number >= count_max) return std::nullopt;
  ScheduledFlow flow;
  flow.flow = static_cast<std::uint32_t>(number);
  flow.start = start;
  flow.client = slot.client;
  // The client's slots share its ports as residue classes, so no two ever hold the same one.
  const std::uint32_t rounds = kSourcePortCount / slot.slots_of_client;
  flow.source_port = static_cast<std::uint16_t>(kSourcePortFirst + slot.rank +
                                                slot.count % rounds * slot.slots_of_client);
  flow.vip = static_cast<std::uint32_t>(reduce(slot.vips.next(), vip_count_));
  flow.sizes = draw_sizes(workload_, law_, slot.sizes);
  flow.thinks = draw_thinks(workload_, slot.thinks);
  ++slot.count;
  return flow;
}

}  // namespace poise::scenario
