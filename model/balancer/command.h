// An operator's orders to a balancer or an agent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace poise {

struct Command {
  enum class Kind : std::uint8_t {
    drain,  // no new flows; old ones stay until they end or the drain timeout passes, then paused
    pause,  // no packets from now on
    resume,
    deregister,  // leave for good
  };
  Kind kind = Kind::drain;
  std::string backend;  // to a balancer: whom; an agent ignores it
};

std::string_view to_string(Command::Kind kind);

enum class CommandResult : std::uint8_t {
  done,     // to a balancer: it is so. To an agent: the balancers were asked; notices tell the rest
  unknown,  // no such backend
  refused,  // the backend's state does not allow it (already paused, already active, not
            // registered)
};

std::string_view to_string(CommandResult result);

// Of Balancer::on_restore.
enum class [[nodiscard]] RestoreOutcome : std::uint8_t{
    restored,
    malformed,  // the bytes are no snapshot
    late,       // there are members or flows already
};

std::string_view to_string(RestoreOutcome outcome);

}  // namespace poise
