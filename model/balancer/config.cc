// The hash of a configuration, that a record carries to say what it was made with.
#include "model/balancer/config.h"

#include <span>

#include "model/hash.h"

namespace poise {

namespace {

void add(Digest& digest, const Address& address) {
  digest.add(std::span(address.bytes()));
}

void add(Digest& digest, const std::vector<Vip>& vips) {
  for (const Vip& vip : vips) {
    add(digest, vip.address);
    digest.add(vip.protocol).add(vip.port);
  }
}

}  // namespace

std::uint64_t configuration_digest(const BalancerConfig& config, const policy::Config& policy) {
  Digest digest;
  digest.add(config.name).add(config.encapsulation).add(config.mtu).add(config.hash_fields);
  add(digest, config.address);
  add(digest, config.vips);
  digest.add(config.hash_seed).add(config.tracking).add(config.flow_count_max);
  for (const Duration duration :
       {config.flow_timeouts.handshake, config.flow_timeouts.established,
        config.flow_timeouts.closing, config.flow_timeouts.datagram, config.timeout,
        config.register_timeout, config.probe_interval, config.drain_timeout, config.forget_timeout,
        config.slow_start, config.restore_grace, config.replica_grace})
    digest.add(duration.count());
  digest.add(config.backend_count_max).add(config.peer_count_max).add(config.clamp_mss);
  digest.add(config.mirror);
  for (const PairSeats& seats : config.pairs) {
    digest.add(seats.pair);
    for (const std::string& member : seats.members) digest.add(member);
  }
  digest.add(config.seed).add(policy.kind).add(policy.table_size).add(policy.virtual_nodes);
  return digest.add(policy.seed).value();
}

std::uint64_t configuration_digest(const AgentConfig& config) {
  Digest digest;
  digest.add(config.name).add(config.weight).add(config.encapsulation).add(config.mtu);
  add(digest, config.address);
  for (const Address& balancer : config.balancers) add(digest, balancer);
  add(digest, config.vips);
  for (const Duration duration :
       {config.heartbeat, config.timeout, config.reconnect, config.reconnect_max})
    digest.add(duration.count());
  if (!config.replica.pair.empty()) digest.add(config.replica.pair).add(config.replica.index);
  return digest.add(config.clamp_mss).add(config.seed).value();
}

}  // namespace poise
