// Sound plans by seed, with every key of the schema drawn now and then.
#pragma once

#include <cmath>
#include <string>

#include "model/random.h"
#include "model/scenario/plan.h"
#include "model/scenario/schema.h"

namespace poise::scenario {

inline std::string random_text(Rng& rng) {
  static constexpr std::string_view kSigns[] = {"a", "Z", "0", "\"",     "\\",   "\n",   "\t",
                                                "#", "=", "]", "\u00e9", "\x7f", "\x01", " "};
  std::string text;
  for (std::uint64_t i = rng.below(8); i > 0; --i) text += kSigns[rng.below(std::size(kSigns))];
  return text;
}

// A value of the field's type and range; small counts, so that topologies stay small.
inline Value random_value(const Field& field, Rng& rng) {
  const auto number = [&] {
    const double top =
        std::min(field.max, field.min + std::pow(10, static_cast<double>(rng.below(4))));
    return field.min + (top - field.min) * rng.uniform();
  };
  switch (field.type) {
    case Type::boolean:
      return rng.below(2) == 1;
    case Type::integer:
      return static_cast<std::int64_t>(number());
    case Type::number:
      return number();
    case Type::seconds:
      return std::max(Duration{1}, from_seconds(number()));
    case Type::word:
      return std::string(field.words[rng.below(field.words.size())]);
    case Type::policy:
      return std::string(rng.below(2) ? "jump" : "rendezvous");
    case Type::address:
      return Address::v4(static_cast<std::uint32_t>(0xc0a80000 + rng.below(65536))).to_string();
    case Type::integers:
      return std::vector<std::int64_t>(rng.below(2), static_cast<std::int64_t>(number()) + 1);
    case Type::text:
    case Type::texts:
    case Type::points:
    case Type::overrides:
    case Type::table:
    case Type::tables:
      break;
  }
  return random_text(rng);
}

// Changes about a third of a table's plain keys, and of the tables in it.
inline void randomize(const Table& table, void* object, Rng& rng) {
  for (const Field& field : table.fields) {
    if (field.type == Type::table) randomize(*field.table, field.at(object, 0), rng);
    const bool is_plain = field.get && field.type != Type::texts && field.type != Type::points &&
                          field.type != Type::overrides;
    if (is_plain && rng.below(3) == 0) field.set(object, random_value(field, rng));
  }
}

inline void make_explicit(TopologySpec& spec, Rng& rng) {
  const TopologySpec defaults;
  spec.clients = defaults.clients;
  spec.balancers = defaults.balancers;
  spec.backends = defaults.backends;
  spec.spines = defaults.spines;
  spec.spares = static_cast<std::uint32_t>(rng.below(2));
  spec.nodes = {{"c", NodeKind::client},    {"r1", NodeKind::router},
                {"r2", NodeKind::router},   {"lb", NodeKind::balancer},
                {"web", NodeKind::backend}, {"spare.1", NodeKind::backend}};
  for (const char* host : {"c", "lb", "web", "spare.1"})
    for (const char* router : {"r1", "r2"}) {
      EdgeSpec link{rng.below(4) ? "" : std::string(host) + "_to_" + router, host, router, {}};
      if (rng.below(2)) link.link.rate_bps = 1e6 * (1 + rng.uniform());
      if (rng.below(2))
        link.link.delay = Duration{static_cast<std::int64_t>(rng.below(1'000'000'000))};
      spec.links.push_back(link);
    }
}

inline bool workload_is_paced(const Plan& plan) {
  return plan.workload.message_bytes > 0;
}

inline Plan random_plan(std::uint64_t seed) {
  Rng rng(seed, 77);
  Plan plan;
  randomize(plan_table(), &plan, rng);
  TopologySpec& topology = plan.topology;
  topology.clients = 1 + topology.clients % 40;
  topology.balancers = 1 + topology.balancers % 5;
  topology.backends = 1 + topology.backends % 20;
  if (topology.shape == Shape::explicit_) make_explicit(topology, rng);
  topology.spares %= 5;
  plan.duration = Duration{1'000'000'000 + static_cast<std::int64_t>(rng.below(30'000'000'000))};
  plan.policy.table_size = 65537;
  plan.service.mtu = 1280 + plan.service.mtu % 5000;
  plan.control.timeout = plan.control.heartbeat * 3 + Duration{1};
  plan.replication.heartbeat = plan.replication.heartbeat / 40 + std::chrono::milliseconds{1};
  plan.replication.missed_max = 3 + plan.replication.missed_max % 10;
  plan.replication.lease = plan.replication.heartbeat * 2;
  if (topology.spares > 0 || workload_is_paced(plan) || topology.backends % 2 != 0)
    plan.service.server = "host";
  WorkloadSpec& workload = plan.workload;
  workload.rate_per_s = std::min(workload.rate_per_s, 1000.0);
  workload.concurrency = 1 + workload.concurrency % 50;
  workload.start = plan.duration / 10;
  if (workload.stop != Duration{})
    workload.stop = plan.duration - Duration{static_cast<std::int64_t>(rng.below(1'000'000))};
  if (workload.message_bytes == 0) workload.message_interval = Duration{};
  if (workload.message_interval == Duration{}) workload.message_bytes = 0;
  workload.size_points.clear();
  if (workload.sizes == "points")
    workload.size_points = {{0, 0}, {1.5 + rng.uniform(), 12.25}, {1e6, 100}};
  plan.measures.interval = plan.duration / static_cast<std::int64_t>(1 + rng.below(1000));
  if (rng.below(2))
    plan.measures.captures = {topology.shape == Shape::explicit_ ? "lb" : "balancer1"};
  const bool own = topology.shape == Shape::explicit_;
  for (std::uint64_t i = rng.below(4); i > 0; --i) {
    const Duration at = plan.duration / 8 * static_cast<std::int64_t>(i);
    const Duration lasts = rng.below(2) ? plan.duration / 17 : Duration{1};
    plan.faults.push_back({at, FaultKind::crash, own ? "lb" : "balancer1", lasts, 0});
    plan.faults.push_back(
        {at, FaultKind::lossy, own ? "c_to_x" : "client1-leaf1", Duration{}, rng.uniform()});
    if (own || topology.shape == Shape::wan || topology.shape == Shape::clos)
      plan.faults.pop_back();
  }
  for (std::uint64_t i = rng.below(3); i > 0; --i)
    plan.variants.push_back({"v" + std::to_string(i),
                             {{"policy.kind", rng.below(2) ? "\"ring\"" : "\"random\""},
                              {"seed", "7"},
                              {"workload.rate_per_s", "12.5"}}});
  return plan;
}

}  // namespace poise::scenario
