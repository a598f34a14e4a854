// A plan's network alone, in real time: what its hosts send and get passes TAP devices.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "model/scenario/plan.h"
#include "model/time.h"
#include "sim/ns3/network.h"

namespace poise::ns3world {

// A host's way in. Frames without preamble or checksum (Ethernet II), IPv4 alone. The descriptor
// stays the caller's.
struct Tap {
  scenario::NodeId host = 0;
  int descriptor = -1;
  std::array<std::uint8_t, 6> host_address{}, network_address{};
};

struct EmulationOptions {
  std::vector<Tap> taps;           // one a host
  std::function<void()> on_ready;  // packets flow from now on
  // Called once a millisecond: may change the network; false ends it.
  std::function<bool(Network&)> obey;
};

// How it kept up with the clock. A look is an event of every millisecond: whatever is late when it
// runs delayed the packets around it as much.
struct EmulationReport {
  Network::Losses losses;
  std::uint64_t from_hosts = 0, to_hosts = 0;  // datagrams
  std::uint64_t not_taken = 0;                 // by a host's device
  std::uint64_t looks = 0, looks_late = 0;     // by more than kLate
  Duration latest{};
};
inline constexpr Duration kLate = std::chrono::milliseconds{1};

// Returns when `obey` says so. Throws std::invalid_argument for links that ns-3 must not see.
// REQUIRES: a process in which no ns-3 ran, and in which none will.
EmulationReport emulate(const scenario::Plan& plan, const EmulationOptions& options);

}  // namespace poise::ns3world
