// Leases and promises: two ends of one grant, each by its own clock.
#include "model/tcp/replication/lease.h"

#include <algorithm>
#include <cmath>

namespace poise::tcp {

Lease::Lease(const ReplicationConfig& config) : length_(config.lease), end_(Instant::min()) {}

void Lease::granted(Instant sent_at) {
  if (!surrendered_) end_ = std::max(end_, sent_at + length_);
}

void Lease::surrender() {
  surrendered_ = true;
  end_ = Instant::min();
}

bool Lease::holds(Instant now) const {
  return now < end_;
}

Instant Lease::end() const {
  return end_;
}

void Lease::add_to(Digest& digest) const {
  digest.add(to_ns(end_)).add(surrendered_);
}

Promise::Promise(const ReplicationConfig& config)
    : lease_(config.lease), drift_(config.drift), end_(Instant::min()) {}

void Promise::granted(Instant now, Duration lease) {
  const auto length = static_cast<double>(std::max(lease, lease_).count()) * (1 + drift_);
  end_ = std::max(end_, now + Duration{static_cast<Duration::rep>(std::ceil(length))});
}

void Promise::released() {
  end_ = Instant::min();
}

bool Promise::passed(Instant now) const {
  return now >= end_;
}

Instant Promise::end() const {
  return end_;
}

void Promise::add_to(Digest& digest) const {
  digest.add(to_ns(end_));
}

}  // namespace poise::tcp
