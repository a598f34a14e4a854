// How often a service of many servers is down, when failures are noticed late and repaired later.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/analysis/statistics.h"

namespace poise::analysis {

// A service of `servers` equal servers behind a balancer. Each fails after a mean
// time_to_failure_s; the failure is noticed after a mean detection_s, and until then the server
// gets its share of the requests, which are lost; then it is repaired, in a mean repair_s, and is
// as new.
struct Service {
  std::uint32_t servers = 3;
  std::uint32_t needed = 2;  // the service is up while at least so many servers work; 1 to servers
  double time_to_failure_s = 1e6;
  double detection_s = 1;
  double repair_s = 3600;
  std::uint32_t repair_crews = 0;  // repairs at a time, first come first served; 0: no bound
};

inline constexpr std::uint32_t kServersMax = 200;

struct Availability {
  double availability = 0;      // share of time with at least `needed` working servers
  double lost_requests = 0;     // mean share of requests that go to failed, unnoticed servers, ...
                                // or to nobody when every server is known to have failed
  double working_servers = 0;   // mean number
  double outages_per_year = 0;  // a year has 365.25 days
  double outage_s = 0;          // mean length of an outage
  double time_to_first_outage_s = 0;  // mean, from all servers working
};

// By the Markov chain with states (unnoticed, in repair), all times exponential: the steady state
// of its generator and the first passage, both by sparse LU. (servers + 1)(servers + 2) / 2 states.
// Throws std::invalid_argument naming the key, its value and what is allowed.
Availability availability(const Service& service);

// Closed forms that hold whatever the laws of the times are, with a repair crew for everyone:
// servers are independent, so the number of working ones is binomial. time_to_first_outage_s hangs
// on the laws and stays 0. Throws std::invalid_argument, also with fewer crews than servers.
Availability availability_in_closed_form(const Service& service);

enum class DetectionLaw : std::uint8_t { exponential, fixed };

struct AvailabilityRun {
  double duration_s = 1e9;     // a batch of this run: duration_s / batches
  std::uint32_t batches = 30;  // at least 2; one more runs before, to forget the start
  DetectionLaw detection = DetectionLaw::exponential;
  std::uint64_t seed = 1;
};

// The same figures from a simulation, event by event, with 95 % intervals by batch means.
struct AvailabilityEstimate {
  Interval availability;
  Interval lost_requests;
  Interval working_servers;
  std::uint64_t outages = 0;  // that began in the batches
  std::uint64_t events = 0;
};
AvailabilityEstimate simulate_availability(const Service& service, const AvailabilityRun& run);

}  // namespace poise::analysis
