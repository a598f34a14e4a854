// What a plan's workload means on the wire, in every world whose hosts have TCP.
#pragma once

#include <cstdint>

#include "model/scenario/plan.h"
#include "model/scenario/request.h"

namespace poise::scenario {

struct Exchange {
  bool upload = false;
  std::uint32_t request_bytes = 200;  // download
  std::uint32_t message_bytes = 0;
  std::uint64_t interval_ns = 0;

  // REQUIRES: the plan passed check_plan.
  static Exchange of(const Plan& plan);
  // `flow`: as the world's FlowLog names it. `size`: of ScheduledFlow::sizes.
  Request request(std::uint32_t flow, std::uint64_t size) const;
};

// Where clients of a VIP go: its port, or 80 where it takes any.
std::uint16_t port_of(const VipSpec& vip);

}  // namespace poise::scenario
