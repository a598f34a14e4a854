// One line a datagram: addresses, then the transport header or the tunnel's inside.
#include "model/wire/describe.h"

#include "model/wire/bytes.h"
#include "model/wire/describe_transport.h"
#include "model/wire/encapsulation.h"

namespace poise::wire {
namespace {

constexpr int kDepthMax = 4;

std::string describe_at(std::span<const std::uint8_t> bytes, int depth);

std::string malformed_text(Malformed malformed, std::size_t size) {
  return "malformed (" + std::string(to_string(malformed)) + "), " + std::to_string(size) +
         " bytes";
}

bool has_ports(const Datagram& datagram) {
  return (datagram.is_tcp() || datagram.is_udp()) && !datagram.is_later_fragment();
}

std::string end_text(const Address& address, std::uint16_t port, bool with_port) {
  return address.to_string() + (with_port ? "." + std::to_string(port) : "");
}

// (frag id:size@offset+), as tcpdump wrote it for decades.
std::string fragment_text(const Datagram& datagram) {
  return " (frag " + std::to_string(datagram.fragment_id) + ":" +
         std::to_string(datagram.total_size - datagram.transport_offset) + "@" +
         std::to_string(datagram.fragment_offset) + (datagram.more_fragments ? "+)" : ")");
}

std::string describe_udp(std::span<const std::uint8_t> bytes, const Datagram& datagram, int depth) {
  const std::span payload = bytes.subspan(datagram.payload_offset, datagram.payload_size);
  if (!datagram.is_fragment && depth < kDepthMax && !payload.empty()) {
    const int version = payload[0] >> 4;
    if (datagram.destination_port == kGuePort && payload.size() >= 4 && payload[0] == 0)
      return "GUE: " + describe_at(payload.subspan(4), depth + 1);
    if (datagram.destination_port == kCaplancePort && (version == 4 || version == 6))
      return "Caplance: " + describe_at(payload, depth + 1);
  }
  return "UDP, length " + std::to_string(datagram.payload_size);
}

std::string describe_other(std::span<const std::uint8_t> bytes, const Datagram& datagram,
                           int depth) {
  const std::span payload = bytes.subspan(datagram.payload_offset, datagram.payload_size);
  if (!datagram.is_fragment && depth < kDepthMax) {
    if (datagram.protocol == protocol::kIpv4 || datagram.protocol == protocol::kIpv6)
      return describe_at(payload, depth + 1);
    if (datagram.protocol == protocol::kGre && payload.size() >= 4 && load16(payload.data()) == 0)
      return "GREv0, length " + std::to_string(payload.size()) + ": " +
             describe_at(payload.subspan(4), depth + 1);
  }
  return "ip-proto-" + std::to_string(datagram.protocol) + ", length " +
         std::to_string(payload.size());
}

std::string describe_at(std::span<const std::uint8_t> bytes, int depth) {
  Datagram datagram;
  if (Malformed bad = parse(bytes, datagram); bad != Malformed::none)
    return malformed_text(bad, bytes.size());
  bytes = bytes.first(datagram.total_size);
  const bool v4 = datagram.family == Family::v4;
  const bool ports = has_ports(datagram);
  std::string text = v4 ? "IP " : "IP6 ";
  text += end_text(datagram.source, datagram.source_port, ports) + " > " +
          end_text(datagram.destination, datagram.destination_port, ports) + ": ";
  const bool is_icmp = datagram.protocol == (v4 ? protocol::kIcmp : protocol::kIcmpv6);
  if (datagram.is_later_fragment())
    text += "ip-proto-" + std::to_string(datagram.protocol);
  else if (datagram.is_tcp())
    text += describe_tcp(bytes, datagram);
  else if (datagram.is_udp())
    text += describe_udp(bytes, datagram, depth);
  else if (is_icmp)
    text += describe_icmp(bytes, datagram);
  else
    text += describe_other(bytes, datagram, depth);
  if (datagram.is_fragment) text += fragment_text(datagram);
  return text;
}

}  // namespace

std::string describe(std::span<const std::uint8_t> bytes) {
  return describe_at(bytes, 0);
}

}  // namespace poise::wire
