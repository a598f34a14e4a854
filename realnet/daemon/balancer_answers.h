// What an operator sees of a balancer.
#pragma once

#include "model/balancer/balancer.h"
#include "realnet/control/listener.h"
#include "realnet/control/operator_server.h"
#include "realnet/packets/shards.h"

namespace poise::realnet {

// At most so many flows are shown; the sentence says how many there are.
inline constexpr std::size_t kFlowsShownMax = 10000;

Answer show_backends(Shards<Balancer>& shards);
Answer show_flows(Shards<Balancer>& shards);
Answer show_counters(Shards<Balancer>& shards, const StreamCounters& streams);
// drain, pause, resume or deregister of a backend.
Answer order(Shards<Balancer>& shards, Command::Kind kind, const std::string& backend);

}  // namespace poise::realnet
