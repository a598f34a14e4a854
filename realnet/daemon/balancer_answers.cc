// What an operator sees of a balancer.
#include "realnet/daemon/balancer_answers.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "realnet/daemon/packet_counters.h"
#include "realnet/daemon/parts.h"

namespace poise::realnet {

namespace {

std::string count_of(std::size_t count, const std::string& what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string_view name_of(FlowState state) {
  switch (state) {
    case FlowState::closing:
      return "closing";
    case FlowState::handshake:
      return "handshake";
    case FlowState::datagram:
      return "datagram";
    case FlowState::established:
      return "established";
  }
  return "";
}

std::string name_of_protocol(std::uint8_t protocol) {
  return protocol == 6 ? "tcp" : protocol == 17 ? "udp" : std::to_string(protocol);
}

// By index and generation; the same in every shard.
using BackendNames = std::map<std::pair<BackendIndex, std::uint32_t>, std::string>;

BackendNames names_of(Shards<Balancer>& shards) {
  BackendNames names;
  shards.look_at_first([&names](const Shard<Balancer>& shard) {
    const BackendSet& set = shard.machine().backends();
    for (const BackendIndex index : set.by_name())
      names[{index, set[index].ref.generation}] = set[index].name;
  });
  return names;
}

// Of a pair alone: other rows have no such columns.
void add_pair(Answer& row, const PairView& pair) {
  row["replicas"] = {pair.replicas[0], pair.replicas[1]};
  row["active"] = pair.active && pair.serves ? Answer(pair.replicas[*pair.active]) : Answer();
  row["epoch"] = pair.epoch;
}

}  // namespace

Answer show_backends(Shards<Balancer>& shards) {
  Answer list = Answer::array();
  std::vector<std::uint64_t> flows;
  shards.look([&](const Shard<Balancer>& shard) {
    const std::span<const std::uint32_t> counts = shard.machine().flows().flow_counts();
    flows.resize(std::max(flows.size(), counts.size()));
    for (std::size_t i = 0; i < counts.size(); ++i) flows[i] += counts[i];
  });
  const Instant at = now();
  shards.look_at_first([&](const Shard<Balancer>& shard) {
    const BackendSet& set = shard.machine().backends();
    for (const BackendIndex index : set.by_name()) {
      const Backend& backend = set[index];
      list.push_back({{"name", backend.name},
                      {"address", backend.address.to_string()},
                      {"weight", backend.weight},
                      {"state", to_string(backend.state)},
                      {"since_s", shown_seconds(at - backend.since)},
                      {"flows", flows[index]}});
      if (const auto pair = shard.machine().pair(backend.ref)) add_pair(list.back(), *pair);
    }
  });
  return done(count_of(list.size(), "backend"), list);
}

Answer show_flows(Shards<Balancer>& shards) {
  std::vector<FlowTable::Flow> flows;  // copied first: packets wait while a shard is looked at
  flows.reserve(kFlowsShownMax);
  std::size_t count = 0;
  const Instant at = now();
  shards.look([&](const Shard<Balancer>& shard) {
    const FlowTable& table = shard.machine().flows();
    count += table.size();
    if (flows.size() == kFlowsShownMax) return;
    table.for_each(at, [&flows](const FlowTable::Flow& flow) {
      flows.push_back(flow);
      return flows.size() < kFlowsShownMax;  // a table of millions would hold up the packets
    });
  });
  const BackendNames names = names_of(shards);
  Answer list = Answer::array();
  for (const FlowTable::Flow& flow : flows) {
    const auto name = names.find({flow.backend.index, flow.backend.generation});
    list.push_back({{"client", Endpoint{flow.key.source, flow.key.source_port}.to_string()},
                    {"vip", Endpoint{flow.key.destination, flow.key.destination_port}.to_string()},
                    {"protocol", name_of_protocol(flow.key.protocol)},
                    {"backend", name == names.end() ? "" : name->second},
                    {"state", name_of(flow.state)},
                    {"idle_s", shown_seconds(std::max(Duration{}, at - flow.last_use))}});
  }
  std::string say = count_of(count, "flow");
  if (count > list.size()) say += "; the first " + std::to_string(list.size()) + " of them";
  return done(say, list);
}

Answer show_counters(Shards<Balancer>& shards, const StreamCounters& streams) {
  Answer result = packet_counters(shards);
  add_stream_counters(result, streams);
  return done("counted since the start", result);
}

Answer order(Shards<Balancer>& shards, Command::Kind kind, const std::string& backend) {
  const CommandResult result = shards.act([&](Instant at, Recorded<Balancer>& machine) {
    return machine.on_command(at, {kind, backend});
  });
  switch (result) {
    case CommandResult::unknown:
      return refused("no backend is called " + backend);
    case CommandResult::refused: {
      std::string state;
      shards.look_at_first([&](const Shard<Balancer>& shard) {
        if (const Backend* found = shard.machine().backends().find(backend))
          state = to_string(found->state);
      });
      return refused(backend + " is " + state + ": " + std::string(to_string(kind)) +
                     " makes no sense");
    }
    case CommandResult::done:
      break;
  }
  switch (kind) {
    case Command::Kind::drain:
      return done(backend + " drains: it keeps its flows and gets no new ones");
    case Command::Kind::pause:
      return done(backend + " is paused: it gets no packets");
    case Command::Kind::resume:
      return done(backend + " is back, as soon as its data path is proved");
    case Command::Kind::deregister:
      return done(backend + " is deregistered");
  }
  return done("");
}

}  // namespace poise::realnet
