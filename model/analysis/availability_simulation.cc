// The same service, simulated event by event: what the Markov chain is set against.
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <stdexcept>
#include <string>

#include "model/analysis/availability.h"
#include "model/analysis/service_check.h"
#include "model/random.h"

namespace poise::analysis {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

enum class Condition : std::uint8_t { working, unnoticed, waiting, in_repair };

struct Server {
  Condition condition = Condition::working;
  double until_s = 0;
};

class Simulation {
 public:
  Simulation(const Service& service, const AvailabilityRun& run)
      : service_(service), run_(run), rng_(run.seed), servers_(service.servers) {
    crews_free_ = service.repair_crews ? service.repair_crews : service.servers;
    working_ = service.servers;
    for (Server& server : servers_) server.until_s = rng_.exponential(service.time_to_failure_s);
  }

  bool is_up() const { return working_ >= service_.needed; }
  std::uint32_t working() const { return working_; }
  double lost_share() const {
    const std::uint32_t asked = working_ + unnoticed_;
    return asked == 0 ? 1.0 : static_cast<double>(unnoticed_) / asked;
  }

  double next_event_s() const { return servers_[next_server()].until_s; }
  void step() {
    Server& server = servers_[next_server()];
    const double now_s = server.until_s;
    switch (server.condition) {
      case Condition::working:
        fail(server, now_s);
        break;
      case Condition::unnoticed:
        notice(server, now_s);
        break;
      case Condition::in_repair:
        finish(server, now_s);
        break;
      case Condition::waiting:
        break;  // for ever, until a crew comes: never the next event
    }
  }

 private:
  std::size_t next_server() const {
    const auto next =
        std::min_element(servers_.begin(), servers_.end(),
                         [](const Server& a, const Server& b) { return a.until_s < b.until_s; });
    return static_cast<std::size_t>(next - servers_.begin());
  }

  // It stops to work, and still gets its share of the requests.
  void fail(Server& server, double now_s) {
    --working_;
    ++unnoticed_;
    const double detection_s = run_.detection == DetectionLaw::fixed
                                   ? service_.detection_s
                                   : rng_.exponential(service_.detection_s);
    server = {Condition::unnoticed, now_s + detection_s};
  }

  // It gets no more requests, and a crew if one is free.
  void notice(Server& server, double now_s) {
    --unnoticed_;
    if (crews_free_ == 0) {
      server = {Condition::waiting, kForever};
      waiting_.push_back(static_cast<std::size_t>(&server - servers_.data()));
      return;
    }
    --crews_free_;
    begin_repair(server, now_s);
  }

  // It is as new, and its crew goes to the one that waited longest.
  void finish(Server& server, double now_s) {
    ++working_;
    server = {Condition::working, now_s + rng_.exponential(service_.time_to_failure_s)};
    ++crews_free_;
    if (waiting_.empty()) return;
    --crews_free_;
    begin_repair(servers_[waiting_.front()], now_s);
    waiting_.pop_front();
  }

  void begin_repair(Server& server, double now_s) {
    server = {Condition::in_repair, now_s + rng_.exponential(service_.repair_s)};
  }

  Service service_;
  AvailabilityRun run_;
  Rng rng_;
  std::vector<Server> servers_;
  std::deque<std::size_t> waiting_;
  std::uint32_t crews_free_ = 0;
  std::uint32_t working_ = 0;
  std::uint32_t unnoticed_ = 0;
};

void check(const AvailabilityRun& run) {
  if (!(run.duration_s > 0) || !std::isfinite(run.duration_s))
    throw std::invalid_argument("duration_s is " + std::to_string(run.duration_s) +
                                "; allowed: more than 0 seconds");
  if (run.batches < 2)
    throw std::invalid_argument("batches is " + std::to_string(run.batches) +
                                "; allowed: 2 or more");
}

}  // namespace

AvailabilityEstimate simulate_availability(const Service& service, const AvailabilityRun& run) {
  check(service);
  check(run);
  Simulation simulation(service, run);
  AvailabilityEstimate estimate;
  std::vector<double> up, lost, working;
  const double batch_s = run.duration_s / run.batches;
  double now_s = 0;
  for (std::uint32_t batch = 0; batch <= run.batches; ++batch) {
    const double end_s = batch_s * (batch + 1);
    double up_s = 0, lost_s = 0, working_s = 0;
    while (now_s < end_s) {
      const double event_s = simulation.next_event_s();
      const double step_s = std::min(event_s, end_s) - now_s;
      up_s += simulation.is_up() ? step_s : 0;
      lost_s += simulation.lost_share() * step_s;
      working_s += simulation.working() * step_s;
      now_s += step_s;
      if (event_s > end_s) {
        now_s = end_s;
        break;
      }
      now_s = event_s;
      const bool was_up = simulation.is_up();
      simulation.step();
      if (batch == 0) continue;
      ++estimate.events;
      estimate.outages += was_up && !simulation.is_up();
    }
    if (batch == 0) continue;  // all servers began as new
    up.push_back(up_s / batch_s);
    lost.push_back(lost_s / batch_s);
    working.push_back(working_s / batch_s);
  }
  estimate.availability = mean_interval(up);
  estimate.lost_requests = mean_interval(lost);
  estimate.working_servers = mean_interval(working);
  return estimate;
}

}  // namespace poise::analysis
