// What few packets need on their way into a tunnel: copies, a smaller MSS, a smaller datagram.
#include <algorithm>
#include <cstring>

#include "model/balancer/data_path.h"
#include "model/balancer/fragmenter.h"
#include "model/wire/icmp.h"
#include "model/wire/rewrite.h"

namespace poise {
namespace {

constexpr std::size_t kMirrorReserve = PacketOutbox::kSlots / 2;  // copies leave it to the rest
constexpr std::size_t kTcpHeaders = 40;  // an IPv4 and a TCP header; IPv6's is 20 more

}  // namespace

// The copy takes the same way as its original, in as many pieces. What no tunnel takes is not
// copied.
void DataPath::mirror(const Packet& packet, const Look& look, BackendRef backend) noexcept {
  if (!copy_tunnels_[backend.index]) return;
  const wire::TunnelHeader& tunnel = *copy_tunnels_[backend.index];
  const bool is_big = packet.size() + tunnel.size() > config_.mtu;
  if (is_big && look.datagram.dont_fragment) return;  // it is refused
  const auto memory = outbox_.room() > kMirrorReserve ? outbox_.begin() : std::nullopt;
  if (!memory || memory->size() < packet.size()) return counters_.add(Count::mirror_no_room);
  std::memcpy(memory->data(), packet.bytes().data(), packet.size());
  Packet& copy = outbox_.commit(packet.size());
  const std::uint16_t entropy = entropy_port(look.table_hash);
  const std::size_t room = config_.mtu > tunnel.size() ? config_.mtu - tunnel.size() : 0;
  if (is_big && !fragment_in_place(copy, look.datagram, room, tunnel, entropy, outbox_)) {
    outbox_.withdraw();
    return counters_.add(Count::mirror_no_room);
  }
  tunnel.apply(copy, entropy);
  counters_.add(Count::mirrored);
}

void DataPath::clamp(Packet& packet, const Look& look, const wire::TunnelHeader& tunnel) noexcept {
  const std::size_t headers = kTcpHeaders + (look.datagram.family == Family::v6 ? 20 : 0);
  if (config_.mtu <= headers + tunnel.size()) return;
  const auto mss = static_cast<std::uint16_t>(
      std::min<std::size_t>(config_.mtu - headers - tunnel.size(), 65535));
  if (wire::clamp_mss(packet, look.datagram, mss)) counters_.add(Count::mss_clamped);
}

// A datagram that does not fit the path with its tunnel: its sender learns the MTU, or, where it
// allows fragments, it is cut and its later pieces leave by the outbox.
Verdict DataPath::shrink(Packet& packet, const Look& look,
                         const wire::TunnelHeader& tunnel) noexcept {
  const std::size_t room = config_.mtu > tunnel.size() ? config_.mtu - tunnel.size() : 0;
  if (!look.datagram.dont_fragment) {
    if (!fragment_in_place(packet, look.datagram, room, tunnel, entropy_port(look.table_hash),
                           outbox_))
      return refuse(Count::drop_too_big);
    counters_.add(Count::fragmented);
    return Verdict::forward;
  }
  const auto memory = outbox_.begin();
  if (!memory) {
    counters_.add(Count::drop_no_room);
    return refuse(Count::drop_too_big);
  }
  const std::size_t size =
      wire::build_icmp_error(wire::IcmpError::packet_too_big, packet.bytes(), look.datagram,
                             look.datagram.destination, static_cast<std::uint32_t>(room), *memory);
  if (size > 0) {
    outbox_.commit(size);
    counters_.add(Count::too_big_answers);
  }
  return refuse(Count::drop_too_big);
}

}  // namespace poise
