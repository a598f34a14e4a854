// Cutting an IPv4 datagram that allows it, on its way into a tunnel that it does not fit.
#pragma once

#include <cstdint>

#include "model/balancer/outbox.h"
#include "model/packet.h"
#include "model/wire/datagram.h"
#include "model/wire/encapsulation.h"

namespace poise {

// Cuts `packet` into pieces of at most `room` bytes (RFC 791, 3.2). The first stays in `packet`,
// without a tunnel; the others go to the outbox, in order, each in the tunnel. All or nothing:
// false, with nothing changed, for a datagram with options, a room below 28 bytes, or an outbox too
// full. REQUIRES: `datagram` is what parse() said of `packet`: IPv4, DF clear, packet.size() ==
// total_size.
bool fragment_in_place(Packet& packet, const wire::Datagram& datagram, std::size_t room,
                       const wire::TunnelHeader& tunnel, std::uint16_t entropy,
                       PacketOutbox& outbox) noexcept;

}  // namespace poise
