// Membership, weights and slow start.
#include "model/backend/backend_set.h"

#include <algorithm>
#include <stdexcept>

#include "model/check.h"
#include "model/hash.h"

namespace poise {
namespace {

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// The policies know it.
bool is_candidate(const Backend& backend) {
  return takes_new_flows(backend.state) && backend.kind != BackendKind::replica;
}

bool is_weight(std::uint32_t weight) {
  return weight >= 1 && weight <= kBackendWeightMax;
}

}  // namespace

bool is_backend_name(std::string_view name) {
  return !name.empty() && name.size() <= kBackendNameSizeMax &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

std::string_view to_string(BackendKind kind) {
  switch (kind) {
    case BackendKind::plain:
      return "plain";
    case BackendKind::pair:
      return "pair";
    case BackendKind::replica:
      return "replica";
  }
  return "?";
}

BackendSet::BackendSet(const BackendSetConfig& config) : config_(config) {
  if (config.count_max < 1 || config.count_max > kBackendCountMax)
    throw std::invalid_argument("count_max is " + std::to_string(config.count_max) +
                                "; allowed: 1 to " + std::to_string(kBackendCountMax));
  if (config.slow_start < Duration::zero())
    throw std::invalid_argument("slow_start is " + std::to_string(config.slow_start.count()) +
                                " ns; allowed: 0 or more");
  backends_.resize(config.count_max);
  states_.assign(config.count_max, BackendState::down);
  generations_.assign(config.count_max, 0);
  by_name_.reserve(config.count_max);
  for (std::uint32_t i = 0; i < config.count_max; ++i)
    unused_.push_back(static_cast<BackendIndex>(i));
}

std::vector<BackendIndex>::const_iterator BackendSet::position(std::string_view name) const {
  return std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](BackendIndex index, std::string_view key) { return backends_[index].name < key; });
}

BackendSet::Added BackendSet::add(Instant now, std::string_view name, Address address,
                                  std::uint32_t weight) {
  if (!is_backend_name(name)) return {AddOutcome::bad_name, {}};
  if (!is_weight(weight)) return {AddOutcome::bad_weight, {}};
  const auto place = position(name);
  if (place != by_name_.end() && backends_[*place].name == name)
    return {AddOutcome::duplicate_name, {}};
  if (unused_.empty()) return {AddOutcome::full, {}};

  const BackendIndex index = unused_.front();
  unused_.pop_front();
  by_name_.insert(place, index);
  states_[index] = BackendState::registering;
  backends_[index] = {.name = std::string(name),
                      .address = address,
                      .weight = weight,
                      .state = BackendState::registering,
                      .ref = {index, generations_[index]},
                      .since = now};
  ++changes_;
  return {AddOutcome::ok, backends_[index].ref};
}

BackendSet::Added BackendSet::restore(Instant now, std::string_view name, Address address,
                                      std::uint32_t weight, BackendState state,
                                      Duration ramp_left) {
  const Added added = add(now, name, address, weight);
  Backend* backend = lookup(added.ref);
  if (!backend) return added;
  backend->state = states_[added.ref.index] = state;
  const bool is_slow = takes_new_flows(state) && ramp_left > Duration::zero() &&
                       config_.slow_start >= Duration{kRampSteps};
  backend->ramp_step = is_slow ? 0 : kRampSteps - 1;
  backend->ramp_start = now;
  if (is_slow) backend->ramp_start -= config_.slow_start - std::min(ramp_left, config_.slow_start);
  if (takes_new_flows(state)) ++version_;
  advance(now);
  return added;
}

bool BackendSet::remove(BackendRef ref) {
  Backend* backend = lookup(ref);
  if (!backend) return false;
  if (is_candidate(*backend)) ++version_;
  by_name_.erase(position(backend->name));
  *backend = {};
  states_[ref.index] = BackendState::down;
  ++generations_[ref.index];
  ++changes_;
  unused_.push_back(ref.index);
  schedule();
  return true;
}

bool BackendSet::set_weight(BackendRef ref, std::uint32_t weight) {
  Backend* backend = lookup(ref);
  if (!backend || !is_weight(weight)) return false;
  if (backend->weight != weight && is_candidate(*backend)) ++version_;
  if (backend->weight != weight) ++changes_;
  backend->weight = weight;
  return true;
}

void BackendSet::set_kind(BackendRef ref, BackendKind kind) {
  Backend* backend = lookup(ref);
  POISE_CHECK(backend);
  const bool was_candidate = is_candidate(*backend);
  if (backend->kind != kind) ++changes_;
  backend->kind = kind;
  if (is_candidate(*backend) != was_candidate) ++version_;
  schedule();
}

void BackendSet::set_paths(BackendRef ref, const Address& address, const Address& copy_to) {
  Backend* backend = lookup(ref);
  POISE_CHECK(backend);
  if (backend->address == address && backend->copy_to == copy_to) return;
  backend->address = address;
  backend->copy_to = copy_to;
  ++paths_version_;
  ++changes_;
}

BackendSet::Applied BackendSet::apply(Instant now, BackendRef ref, BackendSign sign) {
  Backend* backend = lookup(ref);
  if (!backend) return {};
  const BackendState from = backend->state;
  const std::optional<BackendState> to = next_state(from, sign);
  if (!to) return {.allowed = false, .from = from, .to = from};

  const bool was_candidate = is_candidate(*backend);
  backend->state = states_[ref.index] = *to;
  backend->since = now;
  ++changes_;
  if (is_candidate(*backend) != was_candidate) ++version_;
  if (takes_new_flows(*to)) {
    // A drain taken back finds a backend that is warm.
    const bool slowly = config_.slow_start >= Duration{kRampSteps} && !keeps_old_flows(from);
    backend->ramp_step = slowly ? 0 : kRampSteps - 1;
    backend->ramp_start = now;
  }
  advance(now);
  return {.allowed = true, .from = from, .to = *to};
}

const Backend* BackendSet::find(std::string_view name) const {
  const auto place = position(name);
  if (place == by_name_.end() || backends_[*place].name != name) return nullptr;
  return &backends_[*place];
}

const Backend* BackendSet::find(BackendRef ref) const {
  if (!is_current(ref) || !backends_[ref.index].ref) return nullptr;
  return &backends_[ref.index];
}

Backend* BackendSet::lookup(BackendRef ref) {
  return const_cast<Backend*>(find(ref));
}

const Backend& BackendSet::operator[](BackendIndex index) const {
  POISE_CHECK(index < backends_.size() && backends_[index].ref);
  return backends_[index];
}

bool BackendSet::is_ramping(const Backend& backend) const {
  return is_candidate(backend) && backend.ramp_step < kRampSteps - 1;
}

void BackendSet::advance(Instant now) {
  const Duration step = config_.slow_start / kRampSteps;
  for (const BackendIndex index : by_name_) {
    Backend& backend = backends_[index];
    if (!is_ramping(backend)) continue;
    const auto due = static_cast<std::uint64_t>((now - backend.ramp_start) / step);
    const auto reached = static_cast<std::uint32_t>(std::min<std::uint64_t>(due, kRampSteps - 1));
    if (reached == backend.ramp_step) continue;
    backend.ramp_step = reached;
    ++version_;
  }
  schedule();
}

Duration BackendSet::ramp_left(Instant now, const Backend& backend) const {
  if (!is_ramping(backend)) return Duration::zero();
  return std::max(backend.ramp_start + config_.slow_start - now, Duration::zero());
}

void BackendSet::schedule() {
  const Duration step = config_.slow_start / kRampSteps;
  next_step_ = kNever;
  for (const BackendIndex index : by_name_) {
    const Backend& backend = backends_[index];
    if (is_ramping(backend))
      next_step_ = std::min(next_step_, backend.ramp_start + step * (backend.ramp_step + 1));
  }
}

std::vector<policy::Candidate> BackendSet::candidates() const {
  const bool in_parts = next_step_ != kNever;
  std::vector<policy::Candidate> candidates;
  for (const BackendIndex index : by_name_) {
    const Backend& backend = backends_[index];
    if (!is_candidate(backend)) continue;
    const std::uint32_t parts = in_parts ? backend.ramp_step + 1 : 1;
    candidates.push_back({.index = index,
                          .weight = backend.weight * parts,
                          .name = backend.name,
                          .weight_unit = in_parts ? kRampSteps : 1});
  }
  return candidates;
}

std::uint64_t BackendSet::digest() const {
  Digest digest;
  digest.add(version_);
  for (const BackendIndex index : by_name_) {
    const Backend& backend = backends_[index];
    digest.add(std::string_view(backend.name))
        .add(std::span<const std::uint8_t>(backend.address.bytes()))
        .add(backend.weight)
        .add(backend.state)
        .add(index)
        .add(backend.ref.generation)
        .add(to_ns(backend.since))
        .add(backend.ramp_step)
        .add(to_ns(backend.ramp_start));
    if (backend.kind == BackendKind::plain) continue;
    digest.add(backend.kind).add(std::span<const std::uint8_t>(backend.copy_to.bytes()));
  }
  // Which index the next backend gets is state too.
  for (const BackendIndex index : unused_) digest.add(index).add(generations_[index]);
  return digest.value();
}

}  // namespace poise
