// A line of length sum(weights), cut into one piece a candidate: whose piece holds a point?
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "model/hash.h"
#include "model/policy/policy.h"

namespace poise::policy {

// Weights are first divided by their greatest common divisor, so that equal weights cut the line
// into pieces of length 1 and candidates in equal ratio give equal shares.
class Shares {
 public:
  void rebuild(std::span<const Candidate> candidates) {
    std::uint32_t divisor = 0;
    for (const Candidate& c : candidates) divisor = std::gcd(divisor, c.weight);
    owners_.clear();
    ends_.clear();
    std::uint64_t end = 0;
    for (const Candidate& c : candidates) {
      owners_.push_back(c.index);
      ends_.push_back(end += c.weight / divisor);
    }
  }

  bool empty() const { return owners_.empty(); }
  std::size_t size() const { return owners_.size(); }
  std::uint64_t length() const { return ends_.empty() ? 0 : ends_.back(); }
  BackendIndex owner(std::size_t position) const { return owners_[position]; }
  std::uint64_t begin(std::size_t position) const {
    return position == 0 ? 0 : ends_[position - 1];
  }
  std::uint64_t weight(std::size_t position) const { return ends_[position] - begin(position); }

  // The position of the candidate whose piece holds `point`. REQUIRES: point < length().
  std::size_t position_at(std::uint64_t point) const {
    if (length() == size()) return static_cast<std::size_t>(point);
    return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), point) -
                                    ends_.begin());
  }
  BackendIndex at(std::uint64_t point) const { return owners_[position_at(point)]; }

  std::uint64_t digest() const {
    Digest digest;
    for (std::size_t i = 0; i < size(); ++i) digest.add(owners_[i]).add(ends_[i]);
    return digest.value();
  }

 private:
  std::vector<BackendIndex> owners_;
  std::vector<std::uint64_t> ends_;
};

}  // namespace poise::policy
