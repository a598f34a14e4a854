// The backends of one balancer: who may be chosen, with what weight, and why not.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/address.h"
#include "model/backend/state.h"
#include "model/backend_id.h"
#include "model/policy/policy.h"
#include "model/time.h"

namespace poise {

inline constexpr std::size_t kBackendNameSizeMax = 64;
inline constexpr std::uint32_t kBackendWeightMax = 65535;
inline constexpr std::uint32_t kBackendCountMax = 65534;

// 1 to 64 characters of A-Z a-z 0-9 . _ -
bool is_backend_name(std::string_view name);

// A pair stands for two replicas: it is chosen, they are not; packets for it go to one of them.
enum class BackendKind : std::uint8_t { plain, pair, replica };

std::string_view to_string(BackendKind kind);

struct Backend {
  std::string name;
  Address address;
  Address copy_to;  // also gets a copy of each packet; unspecified: nobody does
  BackendKind kind = BackendKind::plain;
  std::uint32_t weight = 1;
  BackendState state = BackendState::down;
  BackendRef ref;
  Instant since{};  // of the state
  // Slow start: of its weight it gets (ramp_step + 1) / kRampSteps; kRampSteps - 1 is the whole.
  std::uint32_t ramp_step = 0;
  Instant ramp_start{};
};

struct BackendSetConfig {
  std::uint32_t count_max = 4096;  // 1 to kBackendCountMax
  Duration slow_start{};           // from a fraction of the weight to the whole; zero: at once
};

// Control calls cost O(n) at most; the arrays for the data path never move. A backend enters as
// `registering`. A removed backend's index rests as long as possible before it is used again, with
// the next generation, so that an old BackendRef goes stale at once and stays stale.
class BackendSet {
 public:
  static constexpr std::uint32_t kRampSteps = 8;

  enum class [[nodiscard]] AddOutcome : std::uint8_t{ok, duplicate_name, full, bad_name,
                                                     bad_weight};
  struct [[nodiscard]] Added {
    AddOutcome outcome = AddOutcome::ok;
    BackendRef ref;  // kNoBackend unless ok
  };
  struct [[nodiscard]] Applied {
    bool allowed = false;  // false: the sign makes no sense in this state, or the ref is stale
    BackendState from = BackendState::down;
    BackendState to = BackendState::down;  // == from unless allowed
  };

  // Throws std::invalid_argument when the configuration is out of bounds.
  explicit BackendSet(const BackendSetConfig& config = {});

  Added add(Instant now, std::string_view name, Address address, std::uint32_t weight = 1);
  // As add(), for one that was known to a balancer before this one: it enters in `state`, and goes
  // on with what is left of its slow start.
  Added restore(Instant now, std::string_view name, Address address, std::uint32_t weight,
                BackendState state, Duration ramp_left);
  // False when stale.
  bool remove(BackendRef ref);
  // False when stale or out of 1 to kBackendWeightMax.
  bool set_weight(BackendRef ref, std::uint32_t weight);
  // A backend enters as `plain`. REQUIRES: the reference is current.
  void set_kind(BackendRef ref, BackendKind kind);
  // Where a backend's packets go, and their copies. REQUIRES: the reference is current.
  void set_paths(BackendRef ref, const Address& address, const Address& copy_to);
  // Becoming active starts the ramp of slow start, except when a drain is taken back.
  Applied apply(Instant now, BackendRef ref, BackendSign sign);

  // The pointer is good until the next non-const call. nullptr: unknown or stale.
  const Backend* find(std::string_view name) const;
  const Backend* find(BackendRef ref) const;
  // The indexes of all backends in the order of their names; see operator[].
  std::span<const BackendIndex> by_name() const { return by_name_; }
  // REQUIRES: index is of a backend in the set.
  const Backend& operator[](BackendIndex index) const;
  std::size_t size() const { return by_name_.size(); }
  std::uint32_t count_max() const { return config_.count_max; }

  // Takes the steps of slow start that are due by `now`; early calls are harmless.
  void advance(Instant now);
  // The next step of slow start, or kNever. O(1).
  Instant next_deadline() const { return next_step_; }

  // The backends that may be chosen, sorted by name, with the weights as of the last call with a
  // `now`. Without a ramp in progress the weights are exactly those given.
  std::vector<policy::Candidate> candidates() const;
  // Changes whenever candidates() does.
  std::uint64_t version() const { return version_; }

  // Changes with every set_paths() that changes something.
  std::uint64_t paths_version() const { return paths_version_; }

  // What is left of a backend's slow start; zero when it has its whole weight.
  Duration ramp_left(Instant now, const Backend& backend) const;
  // Grows with every change of a member's name, address, weight or state.
  std::uint64_t changes() const { return changes_; }

  // For the data path, by index, count_max() long. An unused index is `down`.
  std::span<const BackendState> states() const { return states_; }
  std::uint16_t generation(BackendIndex index) const { return generations_[index]; }
  bool is_current(BackendRef ref) const {
    return ref.index < generations_.size() && generations_[ref.index] == ref.generation;
  }
  // True when a flow that was given to `ref` may stay there.
  bool keeps(BackendRef ref) const {
    return is_current(ref) && keeps_old_flows(states_[ref.index]);
  }

  std::uint64_t digest() const;

 private:
  Backend* lookup(BackendRef ref);
  std::vector<BackendIndex>::const_iterator position(std::string_view name) const;
  bool is_ramping(const Backend& backend) const;
  void schedule();

  BackendSetConfig config_;
  std::vector<Backend> backends_;           // by index
  std::vector<BackendState> states_;        // by index
  std::vector<std::uint16_t> generations_;  // by index
  std::vector<BackendIndex> by_name_;       // sorted
  std::deque<BackendIndex> unused_;         // longest unused first
  Instant next_step_ = kNever;
  std::uint64_t version_ = 0;
  std::uint64_t paths_version_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace poise
