// A policy written in Python, as the machines see it.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "model/policy/policy.h"

namespace poise::python {

// What happens to an exception of a Python policy, since no policy may throw: it does not return
// normally to the policy's caller in a forked run, and is kept for the caller in a lone machine.
using OnPolicyError = std::function<void(pybind11::error_already_set&)>;

// Calls rebuild(candidates) and choose(flow_hash, flow_counts) of a poise.Policy object. Takes the
// GIL around every call.
class PythonPolicy final : public policy::Policy {
 public:
  // REQUIRES: the GIL.
  PythonPolicy(pybind11::object object, OnPolicyError on_error);
  ~PythonPolicy() override;

  void rebuild(std::span<const policy::Candidate> candidates) override;
  BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t> flow_counts,
                      Rng& rng) noexcept override;
  bool is_consistent() const override { return is_consistent_; }
  std::uint64_t digest() const override { return digest_; }

 private:
  BackendIndex checked(pybind11::handle choice) const;

  pybind11::object object_;
  OnPolicyError on_error_;
  bool is_consistent_ = false;
  std::uint64_t digest_ = 0;
  std::vector<BackendIndex> indexes_;  // of the candidates, sorted
  pybind11::array_t<std::uint32_t>
      flow_counts_;  // lent to choose(); ours, so keeping it is harmless
};

// {kind: class}: the policy of `kind` if it is there, else the built-in one. REQUIRES: the GIL.
std::unique_ptr<policy::Policy> make_policy(const pybind11::dict& classes,
                                            const policy::Config& config,
                                            const OnPolicyError& on_error);

}  // namespace poise::python
