// What a node's routing knows, as `ip` commands: from one state to the next.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/address.h"
#include "model/scenario/topology.h"

namespace poise::realnet::lab {

// A way on: over a link to the neighbour at its other end. A way that leads to several of the
// destinations weighs as many.
struct Way {
  scenario::LinkId link = 0;
  std::uint32_t weight = 1;
  friend bool operator==(const Way&, const Way&) = default;
};

// Which way each destination lies. Destinations with the same ways share a group of next hops; a
// group that changes takes its routes along, in one step.
struct Ways {
  std::map<std::uint32_t, std::vector<Way>> groups;  // by number; never empty
  std::map<std::uint32_t, std::uint32_t> routes;     // group by IPv4 address; missing: unreachable
};

// The commands, in order, that lead a kernel from what it knows to what it shall know. resilient:
// a lost next hop moves its own flows alone, and takes back as many when it returns; else the
// kernel's hash-threshold.
std::vector<std::string> commands_between(const Ways& before, const Ways& after, bool resilient);

// The device of a link is called the same at both its ends.
std::string device_of(scenario::LinkId link);
// The next hop over a link alone, which commands_between takes for granted.
std::string add_next_hop(scenario::LinkId link);

}  // namespace poise::realnet::lab
