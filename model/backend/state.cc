// The words for states and signs, as notices and tables spell them.
#include "model/backend/state.h"

namespace poise {

std::string_view to_string(BackendState state) {
  switch (state) {
    case BackendState::registering:
      return "registering";
    case BackendState::active:
      return "active";
    case BackendState::draining:
      return "draining";
    case BackendState::paused:
      return "paused";
    case BackendState::down:
      return "down";
  }
  return "?";
}

std::string_view to_string(BackendSign sign) {
  switch (sign) {
    case BackendSign::proved:
      return "proved";
    case BackendSign::pause:
      return "pause";
    case BackendSign::drain:
      return "drain";
    case BackendSign::drained:
      return "drained";
    case BackendSign::resume:
      return "resume";
    case BackendSign::lost:
      return "lost";
    case BackendSign::returned:
      return "returned";
  }
  return "?";
}

}  // namespace poise
