// The contract between a machine and its world: what goes in, what comes out, and the drain loop.
//
// A machine takes events, each with `now` first:
//
//   Verdict on_packet(Instant now, Packet& packet)         may rewrite the packet in place
//   void on_burst(now, span<Packet>, span<Verdict>)        the same for up to kBurst packets
//   void on_peer(now, PeerId, PeerEvent)                   a stream came up or went down
//   void on_message(now, PeerId, span<const uint8_t>)      bytes of a stream, cut anywhere
//   void on_command(now, const Command&)                   an operator's order
//   void on_timer(now)                                     the deadline passed (early calls are
//   harmless)
//
// and after every event the world drains it (below): datagrams, messages, notices, and the next
// deadline. After on_timer(now) it lies in the future; another event at the very instant of a
// deadline leaves it due, and the world calls on_timer then. Mutate, then drain: nothing else
// leaves a machine.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "model/packet.h"
#include "model/time.h"

namespace poise {

// pass: not ours, or ours to keep: the host's own stack takes it as it is now. forward: rewritten,
// route it by its (new) destination. drop: gone, and counted with a reason.
enum class Verdict : std::uint8_t { pass, forward, drop };

inline constexpr std::size_t kBurst = 64;

// A reliable, ordered stream of bytes, named by the world (or, where a machine opens it, by the
// machine).
using PeerId = std::uint32_t;

enum class PeerEvent : std::uint8_t { up, down };

// What a machine asks of a stream. `open` is answered by PeerEvent up or down; `close` is not
// answered.
struct Message {
  enum class Kind : std::uint8_t { open, bytes, close };
  Kind kind = Kind::bytes;
  PeerId peer = 0;
  std::string bytes;
};

// What a machine tells its operator and the experiment: `kind` is one of a fixed, documented list
// of words, `subject` the name of what it happened to, `detail` free text.
struct Notice {
  std::string kind;
  std::string subject;
  std::string detail;
};

// A world carries out what a machine asks. `transmit` borrows the packet for the call;
// `wake_at(kNever)` clears the wake-up.
template <class W>
concept World = requires(W& world, const Packet& packet, const Message& message,
                         const Notice& notice, Instant at) {
  world.transmit(packet);
  world.send(message);
  world.notice(notice);
  world.wake_at(at);
};

// The one drain loop, run after every event. A machine's next_transmit() lends a packet until the
// next call on the machine.
template <class M, World W>
void drain(M& machine, W& world) {
  while (std::optional<Packet> packet = machine.next_transmit()) world.transmit(*packet);
  while (std::optional<Message> message = machine.next_message()) world.send(*message);
  while (std::optional<Notice> notice = machine.next_notice()) world.notice(*notice);
  world.wake_at(machine.next_deadline());
}

}  // namespace poise
