// How a run can fail, in every world.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "model/scenario/plan.h"

namespace poise::scenario {

// The run failed: what(), and whatever is known about how.
class RunError : public std::runtime_error {
 public:
  // `reason` says how its process ended, where it did; `signal`: that ended it; 0: none did.
  RunError(const Plan& plan, int signal, const std::string& reason, std::string stderr_tail);

  const std::string& title() const { return title_; }
  std::uint64_t seed() const { return seed_; }
  std::uint32_t run() const { return run_; }
  int signal() const { return signal_; }
  const std::string& stderr_tail() const { return stderr_tail_; }  // the last 4 KiB

 private:
  std::string title_;
  std::uint64_t seed_;
  std::uint32_t run_;
  int signal_;
  std::string stderr_tail_;
};

// Whoever asked for the run does not want it any more.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("the run was cancelled") {}
};

}  // namespace poise::scenario
