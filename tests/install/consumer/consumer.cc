// A user's program: a balancer with one backend, which asks to register and is probed.
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "model/balancer/balancer.h"
#include "model/policy/policy.h"
#include "model/wire/describe.h"

int main() {
  poise::BalancerConfig config;
  config.address = *poise::Address::parse("10.0.0.1");
  config.vips = {{*poise::Address::parse("10.255.0.1"), 6, 80}};
  poise::Balancer balancer(config, poise::policy::make({.kind = "maglev"}));
  balancer.on_peer(poise::Instant{}, 1, poise::PeerEvent::up);
  const std::string line = "REGISTER web1 10.0.1.1\n";
  balancer.on_message(poise::Instant{}, 1,
                      std::span(reinterpret_cast<const unsigned char*>(line.data()), line.size()));
  const std::optional<poise::Packet> probe = balancer.next_transmit();
  if (!probe) return 1;
  std::puts(poise::wire::describe(probe->bytes()).c_str());
  return balancer.backends().size() == 1 ? 0 : 1;
}
