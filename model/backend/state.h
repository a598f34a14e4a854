// The life of a backend: its states, the signs that move it between them, and the table of both.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace poise {

// registering: known, its data path not proved yet. active: may be chosen. draining: keeps its
// flows, gets no new ones. paused: stays registered, gets nothing. down: silent or unhealthy, gets
// nothing.
enum class BackendState : std::uint8_t { registering, active, draining, paused, down };
inline constexpr std::size_t kBackendStateCount = 5;

enum class BackendSign : std::uint8_t {
  proved,    // a probe went through the data path to exactly this backend and came back
  pause,     // the operator wants it to get nothing, now
  drain,     // the operator wants it to get no new flows
  drained,   // its last flow ended, or the drain took too long
  resume,    // the operator wants it back
  lost,      // its heartbeats stopped, its stream broke, or its health fell
  returned,  // it speaks again and is well; the data path must be proved anew
};
inline constexpr std::size_t kBackendSignCount = 7;

std::string_view to_string(BackendState state);
std::string_view to_string(BackendSign sign);

// Only an active backend may be given new flows.
constexpr bool takes_new_flows(BackendState state) {
  return state == BackendState::active;
}
// Flows of a backend that is registering, paused or down must be chosen anew.
constexpr bool keeps_old_flows(BackendState state) {
  return state == BackendState::active || state == BackendState::draining;
}

struct BackendTransition {
  BackendState from;
  BackendSign sign;
  std::optional<BackendState> to;  // empty: the sign makes no sense here and changes nothing
};

// Every (state, sign) exactly once; the picture is in README.md.
inline constexpr std::array<BackendTransition, kBackendStateCount* kBackendSignCount>
    kBackendTransitions = [] {
      using enum BackendState;
      using enum BackendSign;
      constexpr std::optional<BackendState> no;
      return std::array<BackendTransition, kBackendStateCount * kBackendSignCount>{{
          {registering, proved, active},
          {registering, pause, no},
          {registering, drain, no},
          {registering, drained, no},
          {registering, resume, no},
          {registering, lost, down},
          {registering, returned, no},

          {active, proved, no},
          {active, pause, paused},
          {active, drain, draining},
          {active, drained, no},
          {active, resume, no},
          {active, lost, down},
          {active, returned, no},

          {draining, proved, no},
          {draining, pause, paused},
          {draining, drain, no},
          {draining, drained, paused},
          {draining, resume, active},
          {draining, lost, down},
          {draining, returned, no},

          {paused, proved, no},
          {paused, pause, no},
          {paused, drain, no},
          {paused, drained, no},
          {paused, resume, active},  // it was proved before it was paused
          {paused, lost, down},
          {paused, returned, no},

          {down, proved, no},
          {down, pause, no},
          {down, drain, no},
          {down, drained, no},
          {down, resume, no},
          {down, lost, no},
          {down, returned, registering},
      }};
    }();

constexpr std::optional<BackendState> next_state(BackendState from, BackendSign sign) {
  return kBackendTransitions[static_cast<std::size_t>(from) * kBackendSignCount +
                             static_cast<std::size_t>(sign)]
      .to;
}

namespace internal {
constexpr bool every_pair_stands_once() {
  for (std::size_t i = 0; i < kBackendTransitions.size(); ++i)
    if (static_cast<std::size_t>(kBackendTransitions[i].from) != i / kBackendSignCount ||
        static_cast<std::size_t>(kBackendTransitions[i].sign) != i % kBackendSignCount)
      return false;
  return true;
}
}  // namespace internal
static_assert(internal::every_pair_stands_once());

}  // namespace poise
