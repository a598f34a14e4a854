// The packet side of the agent: out of the tunnel, probes answered, MSS clamped on the way out.
#include <algorithm>

#include "model/balancer/agent.h"
#include "model/wire/datagram.h"
#include "model/wire/encapsulation.h"
#include "model/wire/rewrite.h"

namespace poise {
namespace {

constexpr std::string_view kProbe = "SANITY ";

std::string_view payload_of(const Packet& packet, const wire::Datagram& datagram) {
  return {reinterpret_cast<const char*>(packet.bytes().data()) + datagram.payload_offset,
          datagram.payload_size};
}

bool is_probe(const Packet& packet, const wire::Datagram& datagram) {
  return datagram.is_udp() && datagram.destination_port == wire::kCaplancePort &&
         payload_of(packet, datagram).starts_with(kProbe);
}

}  // namespace

Verdict Agent::on_packet(Instant, Packet& packet) noexcept {
  wire::Datagram outer;
  if (wire::parse(packet.bytes(), outer) != wire::Malformed::none)
    return refuse(Count::drop_malformed);
  if (outer.destination != config_.address) return pass();
  const auto peer = static_cast<PeerId>(
      std::find(config_.balancers.begin(), config_.balancers.end(), outer.source) -
      config_.balancers.begin());
  const bool bare =
      config_.encapsulation == wire::Encapsulation::caplance && is_probe(packet, outer);
  if (bare) return take_probe(peer, payload_of(packet, outer));

  switch (wire::decapsulate(config_.encapsulation, packet)) {
    case wire::Malformed::none:
      break;
    case wire::Malformed::not_tunnel:
      return pass();
    default:
      return refuse(Count::drop_malformed);
  }
  if (peer == links_.size()) return refuse(Count::drop_stranger);
  wire::Datagram inner;
  if (wire::parse(packet.bytes(), inner) != wire::Malformed::none)
    return refuse(Count::drop_malformed);
  if (inner.destination == config_.address && is_probe(packet, inner))
    return take_probe(peer, payload_of(packet, inner));
  if (!is_vip(inner.destination)) return refuse(Count::drop_not_vip);
  counters_.add(Count::forwarded);
  return Verdict::forward;
}

// Over the stream to the balancer it came from; from anybody else it is noise.
Verdict Agent::take_probe(PeerId peer, std::string_view payload) noexcept {
  if (peer == links_.size()) return refuse(Count::drop_stranger);
  if (links_[peer].up) say(peer, "SANE " + printable(payload.substr(kProbe.size())));
  return refuse(Count::drop_probe);
}

Verdict Agent::on_egress(Instant, Packet& packet) noexcept {
  if (!config_.clamp_mss) return pass();
  wire::Datagram datagram;
  if (wire::parse(packet.bytes(), datagram) != wire::Malformed::none) return pass();
  if (!(datagram.tcp_flags & wire::tcp_flag::kSyn) || !is_vip(datagram.source)) return pass();
  const std::size_t headers = (datagram.family == Family::v4 ? 40 : 60) +
                              wire::overhead(config_.encapsulation, config_.address.family());
  if (config_.mtu <= headers) return pass();
  const auto mss = static_cast<std::uint16_t>(std::min<std::size_t>(config_.mtu - headers, 65535));
  if (wire::clamp_mss(packet, datagram, mss)) counters_.add(Count::mss_clamped);
  return pass();
}

Verdict Agent::refuse(Count reason) noexcept {
  counters_.add(reason);
  return Verdict::drop;
}

Verdict Agent::pass() noexcept {
  counters_.add(Count::passed);
  return Verdict::pass;
}

bool Agent::is_vip(const Address& address) const {
  return std::any_of(config_.vips.begin(), config_.vips.end(),
                     [&](const Vip& vip) { return vip.address == address; });
}

}  // namespace poise
