// The flows of a run, computed from the seed alone, so that every world and policy gets the same
// ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/random.h"
#include "model/scenario/plan.h"
#include "model/scenario/size_law.h"
#include "model/time.h"

namespace poise::scenario {

// What chance is used for. Every purpose (and index within it) has its own stream, so that using
// one more number somewhere changes nothing elsewhere. Worlds take theirs from here, too.
enum class Stream : std::uint8_t {
  arrivals,
  clients,
  sizes,
  thinks,
  vips,
  loss,
  balancer,
  agent,
  routing,
  world
};
Rng stream(const Plan& plan, Stream purpose, std::uint64_t index = 0);

inline constexpr std::uint16_t kSourcePortFirst = 10000;
inline constexpr std::uint16_t kSourcePortCount = 51000;  // 10000 .. 60999
inline constexpr std::uint64_t kFlowCountMax = 10'000'000;

struct ScheduledFlow {
  std::uint32_t flow = 0;  // its number; in the open loop the place in the schedule
  Instant start;
  std::uint32_t client = 0;  // index among the clients
  std::uint16_t source_port = 0;
  std::uint32_t vip = 0;  // index among service.vips
  std::vector<std::uint64_t>
      sizes;                     // bytes of each request's response (or, uploading, of the request)
  std::vector<Duration> thinks;  // pause before request i + 1; one less than sizes

  friend bool operator==(const ScheduledFlow&, const ScheduledFlow&) = default;
};

// Open loop: all flows of the run in order of their start; at most kFlowCountMax. A client's source
// ports go round, so a port comes again only after the 50,999 others.
// REQUIRES: plan.workload.arrivals == "open", client_count > 0.
std::vector<ScheduledFlow> schedule(const Plan& plan, std::uint32_t client_count);

// Closed loop: `concurrency` slots, each with its own endless sequence of flows; the world starts a
// slot's next flow when the one before ended. What a slot's n-th flow is does not depend on when.
class ClosedLoop {
 public:
  // REQUIRES: plan.workload.arrivals == "closed", client_count > 0.
  ClosedLoop(const Plan& plan, std::uint32_t client_count);

  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(slots_.size()); }
  // The slot's next flow, to be started at `now` (or at workload.start, whichever is later);
  // nullopt when it would start at or after workload.stop or flow_count_max is used up. Flows of
  // slot s have the numbers s, s + slot_count, ...
  std::optional<ScheduledFlow> next(std::uint32_t slot, Instant now);

 private:
  struct Slot {
    Rng sizes, thinks, vips;
    std::uint32_t client, rank, slots_of_client, count;
  };
  WorkloadSpec workload_;
  std::uint32_t vip_count_;
  Instant stop_;
  SizeLaw law_;
  std::vector<Slot> slots_;
};

// When the workload stops: workload.stop, or the end of the run.
Instant workload_stop(const Plan& plan);

}  // namespace poise::scenario
