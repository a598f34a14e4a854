// What a listener and a dialer tell their owner.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "model/machine.h"

namespace poise::realnet {

// All are called on the thread that runs the io_context, never from inside a call of the owner's
// (send, close, open), so a machine may be drained while they are in use. What they throw is logged
// and costs that peer its stream. Each may be empty.
struct StreamEvents {
  // up: authenticated. down: ended, broken or cut; exactly once for each up (and, of a dialer, for
  // each open that failed), and never after the owner's own close.
  std::function<void(PeerId, PeerEvent)> on_peer;
  // Bytes of a stream that is up, cut anywhere; borrowed for the call.
  std::function<void(PeerId, std::span<const std::uint8_t>)> on_message;
  // A sentence for the log, at most one of a kind in Limits::log_interval; never a secret.
  std::function<void(std::string)> log;
};

}  // namespace poise::realnet
