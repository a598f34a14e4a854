// The one place where times and addresses change between ns-3's types and Poise's.
#pragma once

#include <cstdint>

#include <ns3/ipv4-address.h>
#include <ns3/nstime.h>
#include <ns3/simulator.h>

#include "model/address.h"
#include "model/time.h"

namespace poise::ns3world {

inline Instant now() {
  return instant_from_ns(ns3::Simulator::Now().GetNanoSeconds());
}

inline ns3::Time to_ns3(Duration duration) {
  return ns3::NanoSeconds(static_cast<std::uint64_t>(duration.count()));
}

// The delay from now until `at`; zero when it has passed.
inline ns3::Time delay_until(Instant at) {
  const Duration delay = at - now();
  return to_ns3(delay > Duration::zero() ? delay : Duration::zero());
}

// REQUIRES: address.is_v4().
inline ns3::Ipv4Address to_ns3(const Address& address) {
  return ns3::Ipv4Address(address.as_v4());
}
inline Address from_ns3(ns3::Ipv4Address address) {
  return Address::v4(address.Get());
}

}  // namespace poise::ns3world
