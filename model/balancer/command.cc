// The words of commands and their results.
#include "model/balancer/command.h"

namespace poise {

std::string_view to_string(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::drain:
      return "drain";
    case Command::Kind::pause:
      return "pause";
    case Command::Kind::resume:
      return "resume";
    case Command::Kind::deregister:
      return "deregister";
  }
  return "?";
}

std::string_view to_string(CommandResult result) {
  switch (result) {
    case CommandResult::done:
      return "done";
    case CommandResult::unknown:
      return "unknown";
    case CommandResult::refused:
      return "refused";
  }
  return "?";
}

std::string_view to_string(RestoreOutcome outcome) {
  switch (outcome) {
    case RestoreOutcome::restored:
      return "restored";
    case RestoreOutcome::malformed:
      return "malformed";
    case RestoreOutcome::late:
      return "late";
  }
  return "?";
}

}  // namespace poise
