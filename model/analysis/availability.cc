// The Markov chain of a service, solved, and its closed forms where they exist.
#include "model/analysis/availability.h"

#include <Eigen/SparseCore>
#include <Eigen/SparseLU>
#include <cmath>
#include <stdexcept>
#include <string>

#include "model/analysis/service_check.h"
#include "model/check.h"

namespace poise::analysis {
namespace {

constexpr double kYear = 365.25 * 86400;

using Vector = Eigen::VectorXd;
using Matrix = Eigen::SparseMatrix<double>;

struct State {
  std::uint32_t unnoticed = 0;
  std::uint32_t in_repair = 0;
};

// The chain: its states numbered 0 to size() - 1, and the rates between them.
class Chain {
 public:
  explicit Chain(const Service& service) : service_(service) {
    for (std::uint32_t unnoticed = 0; unnoticed <= service.servers; ++unnoticed)
      for (std::uint32_t in_repair = 0; unnoticed + in_repair <= service.servers; ++in_repair)
        states_.push_back({unnoticed, in_repair});
  }

  std::size_t size() const { return states_.size(); }
  const State& operator[](std::size_t i) const { return states_[i]; }
  std::uint32_t working(std::size_t i) const {
    return service_.servers - states_[i].unnoticed - states_[i].in_repair;
  }
  bool is_up(std::size_t i) const { return working(i) >= service_.needed; }

  std::size_t number(State s) const {
    // Row `unnoticed` follows rows of servers + 1, servers, ... states.
    const std::size_t row = s.unnoticed;
    return row * (service_.servers + 1) - row * (row - 1) / 2 + s.in_repair;
  }

  // Calls f(to, rate) for every way out of state i.
  template <class F>
  void for_each_rate(std::size_t i, F f) const {
    const State s = states_[i];
    if (working(i) > 0)
      f(number({s.unnoticed + 1, s.in_repair}), working(i) / service_.time_to_failure_s);
    if (s.unnoticed > 0)
      f(number({s.unnoticed - 1, s.in_repair + 1}), s.unnoticed / service_.detection_s);
    const std::uint32_t crews = service_.repair_crews ? service_.repair_crews : service_.servers;
    if (s.in_repair > 0)
      f(number({s.unnoticed, s.in_repair - 1}), std::min(s.in_repair, crews) / service_.repair_s);
  }

 private:
  Service service_;
  std::vector<State> states_;
};

Vector solve(const Matrix& matrix, const Vector& right) {
  Eigen::SparseLU<Matrix> lu(matrix);
  POISE_CHECK(lu.info() == Eigen::Success);
  return lu.solve(right);
}

// A matrix and a right side over the states for which `inside` holds.
class Equations {
 public:
  template <class Inside>
  Equations(const Chain& chain, Inside inside) : places_(chain.size(), -1) {
    for (std::size_t i = 0; i < chain.size(); ++i)
      if (inside(i)) places_[i] = size_++;
    right_ = Vector::Zero(size_);
  }

  bool has(std::size_t state) const { return places_[state] >= 0; }
  Eigen::Index place(std::size_t state) const { return places_[state]; }
  void add(std::size_t row, std::size_t column, double value) {
    entries_.emplace_back(static_cast<int>(places_[row]), static_cast<int>(places_[column]), value);
  }
  double& right(std::size_t row) { return right_[places_[row]]; }

  Vector solve() const {
    Matrix matrix(size_, size_);
    matrix.setFromTriplets(entries_.begin(), entries_.end());
    return analysis::solve(matrix, right_);
  }

 private:
  std::vector<Eigen::Index> places_;
  Eigen::Index size_ = 0;
  std::vector<Eigen::Triplet<double>> entries_;
  Vector right_;
};

struct Shares {
  double working, unnoticed, in_repair;
};

// Of one server that is repaired at once.
Shares shares_of(const Service& s) {
  const double cycle = s.time_to_failure_s + s.detection_s + s.repair_s;
  return {s.time_to_failure_s / cycle, s.detection_s / cycle, s.repair_s / cycle};
}

// Balance of flows into and out of every state. The likeliest state gets weight 1 and leaves the
// equations; what remains is an M-matrix with a right side that is not negative, so that even tiny
// probabilities come out to full relative precision.
std::vector<double> steady_state(const Chain& chain, const Service& service) {
  const Shares shares = shares_of(service);
  const auto unnoticed = static_cast<std::uint32_t>(service.servers * shares.unnoticed);
  const auto in_repair = static_cast<std::uint32_t>(service.servers * shares.in_repair);
  const std::size_t likely = chain.number({unnoticed, in_repair});
  Equations equations(chain, [&](std::size_t i) { return i != likely; });
  for (std::size_t i = 0; i < chain.size(); ++i)
    chain.for_each_rate(i, [&](std::size_t to, double rate) {
      if (equations.has(i)) equations.add(i, i, rate);
      if (!equations.has(to)) return;
      if (equations.has(i))
        equations.add(to, i, -rate);
      else
        equations.right(to) += rate;
    });
  const Vector weights = equations.solve();
  const double sum = weights.sum() + 1;
  std::vector<double> probabilities(chain.size());
  for (std::size_t i = 0; i < chain.size(); ++i)
    probabilities[i] = (equations.has(i) ? weights[equations.place(i)] : 1.0) / sum;
  return probabilities;
}

// From a state that is up, the mean time to the first that is not: (rate out) t = 1 + sum(rate t').
double time_to_first_outage(const Chain& chain) {
  Equations equations(chain, [&](std::size_t i) { return chain.is_up(i); });
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (!equations.has(i)) continue;
    equations.right(i) = 1;
    chain.for_each_rate(i, [&](std::size_t to, double rate) {
      equations.add(i, i, rate);
      if (equations.has(to)) equations.add(i, to, -rate);
    });
  }
  return equations.solve()[equations.place(chain.number({0, 0}))];
}

// Requests go to every server that is not known to have failed.
double lost_share(std::uint32_t working, std::uint32_t unnoticed) {
  return working + unnoticed == 0 ? 1.0 : static_cast<double>(unnoticed) / (working + unnoticed);
}

double binomial(std::uint32_t n, std::uint32_t k, double p) {
  const double log_ways = std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
  return std::exp(log_ways + k * std::log(p) + (n - k) * std::log1p(-p));
}

}  // namespace

Availability availability(const Service& service) {
  check(service);
  const Chain chain(service);
  const std::vector<double> probabilities = steady_state(chain, service);
  Availability result;
  double down = 0, outages_per_s = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const double p = probabilities[i];
    (chain.is_up(i) ? result.availability : down) += p;
    result.lost_requests += p * lost_share(chain.working(i), chain[i].unnoticed);
    result.working_servers += p * chain.working(i);
    chain.for_each_rate(i, [&](std::size_t to, double rate) {
      if (chain.is_up(i) && !chain.is_up(to)) outages_per_s += p * rate;
    });
  }
  result.outages_per_year = outages_per_s * kYear;
  result.outage_s = down / outages_per_s;
  result.time_to_first_outage_s = time_to_first_outage(chain);
  return result;
}

Availability availability_in_closed_form(const Service& service) {
  check(service);
  if (service.repair_crews != 0 && service.repair_crews < service.servers)
    throw std::invalid_argument("repair_crews is " + std::to_string(service.repair_crews) +
                                "; allowed: 0, or one for each of the servers (" +
                                std::to_string(service.servers) + ")");
  const Shares shares = shares_of(service);
  Availability result;
  double down = 0;
  for (std::uint32_t k = 0; k <= service.servers; ++k)
    (k >= service.needed ? result.availability : down) +=
        binomial(service.servers, k, shares.working);
  const double nobody = std::pow(shares.in_repair, service.servers);
  result.lost_requests =
      nobody + (1 - nobody) * shares.unnoticed / (shares.working + shares.unnoticed);
  result.working_servers = service.servers * shares.working;
  const double outages_per_s = binomial(service.servers, service.needed, shares.working) *
                               service.needed / service.time_to_failure_s;
  result.outages_per_year = outages_per_s * kYear;
  result.outage_s = down / outages_per_s;
  return result;
}

}  // namespace poise::analysis
