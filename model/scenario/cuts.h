// What cuts a service off: single points of failure, cut sets, warnings and fault plans made of
// them.
//
// A client is served when a chain client -> balancer -> backend -> client of working parts exists.
// Clients themselves never count as parts that fail; spares do not count as working.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "model/scenario/plan.h"
#include "model/scenario/topology.h"

namespace poise::scenario {

// A node or a link.
struct Part {
  enum class Kind : std::uint8_t { node, link };
  Kind kind = Kind::node;
  std::uint32_t id = 0;  // NodeId or LinkId

  friend auto operator<=>(const Part&, const Part&) = default;
};
std::string_view name_of(const Topology& topology, Part part);

// How many clients are served when only `alive` works.
std::uint32_t clients_served(const Topology& topology, const Alive& alive);

// A part whose failure alone takes service from clients (beyond a client's own link) or takes
// several backends away.
struct SinglePoint {
  Part part;
  std::uint32_t clients_cut = 0;   // of the clients that are served otherwise
  std::uint32_t backends_cut = 0;  // backends that no balancer reaches any more
};
std::vector<SinglePoint> single_points(const Topology& topology);

// All minimal sets of at most `size_max` parts without which no client is served, smallest first,
// then in order. Exact: every set hits a serving chain that avoids what is already removed, so
// branching over that chain's parts finds all of them; the cost grows as (chain length)^size_max.
std::vector<std::vector<Part>> cut_sets(const Topology& topology, std::size_t size_max);

// What a careful reader would ask about the plan, one line each: single points of failure, flows
// that cannot finish, timeouts shorter than heartbeats, ... Never errors: check_plan has those.
std::vector<std::string> warnings(const Plan& plan);

// One list of faults for every minimal cut set: its nodes crash and its links go down at `at`, for
// `lasts` (zero: for ever).
std::vector<std::vector<FaultSpec>> fault_plans(const Plan& plan, std::size_t size_max, Duration at,
                                                Duration lasts = {});

}  // namespace poise::scenario
