// ICMP answers: errors that quote what they are about, and echo replies.
#include "model/wire/icmp.h"

#include <algorithm>
#include <utility>

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/ip_header.h"

namespace poise::wire {
namespace {

constexpr std::size_t kErrorMaxV4 = 576;
constexpr std::uint8_t kReplyTtl = 64;

struct TypeAndCode {
  std::uint8_t type, code;
};

TypeAndCode type_of(IcmpError error, Family family) {
  const bool v4 = family == Family::v4;
  switch (error) {
    case IcmpError::packet_too_big:
      return v4 ? TypeAndCode{3, 4} : TypeAndCode{2, 0};
    case IcmpError::time_exceeded:
      return v4 ? TypeAndCode{11, 0} : TypeAndCode{3, 0};
    case IcmpError::port_unreachable:
      return v4 ? TypeAndCode{3, 3} : TypeAndCode{1, 4};
  }
  return {};
}

// IPv6 makes an exception for packet-too-big: multicast senders must learn the MTU too (RFC
// 4443, 2.4 e.3).
bool may_answer(IcmpError error, const Datagram& datagram) {
  if (datagram.is_icmp_error || datagram.is_later_fragment()) return false;
  if (!datagram.source.is_single_host()) return false;
  if (datagram.family == Family::v6 && error == IcmpError::packet_too_big) return true;
  return datagram.destination.is_single_host();
}

}  // namespace

std::size_t build_icmp_error(IcmpError error, std::span<const std::uint8_t> offending,
                             const Datagram& datagram, const Address& from, std::uint32_t mtu,
                             std::span<std::uint8_t> memory) noexcept {
  if (from.family() != datagram.family || !may_answer(error, datagram)) return 0;
  const bool v4 = datagram.family == Family::v4;
  const std::size_t header_size = ip_header_size(datagram.family) + 8;
  const std::size_t size_max = std::min(memory.size(), v4 ? kErrorMaxV4 : kIcmpErrorMax);
  // Less would not hold the header and the ports.
  if (size_max < header_size + datagram.transport_offset + 8u) return 0;
  const std::size_t quote_size = std::min<std::size_t>(datagram.total_size, size_max - header_size);

  std::uint8_t* icmp = memory.data() + header_size - 8;
  write_ip_header(memory.data(), from, datagram.source, v4 ? protocol::kIcmp : protocol::kIcmpv6,
                  8 + quote_size, IpFields{});
  const TypeAndCode kind = type_of(error, datagram.family);
  icmp[0] = kind.type;
  icmp[1] = kind.code;
  store16(icmp + 2, 0);
  store32(icmp + 4, 0);
  if (error == IcmpError::packet_too_big) {
    if (v4)
      store16(icmp + 6, static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu, 65535)));
    else
      store32(icmp + 4, mtu);
  }
  std::memcpy(icmp + 8, offending.data(), quote_size);
  const std::uint32_t icmp_size = static_cast<std::uint32_t>(8 + quote_size);
  const std::uint64_t pseudo =
      v4 ? 0 : pseudo_header_sum(from, datagram.source, protocol::kIcmpv6, icmp_size);
  store16(icmp + 2, checksum_finish(checksum_sum({icmp, icmp_size}, pseudo)));
  return header_size + quote_size;
}

bool make_echo_reply(Packet& packet, const Datagram& datagram) noexcept {
  const bool v4 = datagram.family == Family::v4;
  const std::uint8_t icmp = v4 ? protocol::kIcmp : protocol::kIcmpv6;
  const std::uint8_t request = v4 ? 8 : 128;
  const std::uint8_t reply = v4 ? 0 : 129;
  if (datagram.protocol != icmp || datagram.is_fragment || datagram.has_options) return false;
  if (datagram.icmp_type != request || datagram.icmp_code != 0) return false;
  packet.resize(datagram.total_size);

  std::uint8_t* at = packet.bytes().data();
  std::uint8_t* message = at + datagram.transport_offset;
  const std::size_t address_size = v4 ? 4 : 16;
  std::uint8_t* source = at + (v4 ? 12 : 8);
  std::swap_ranges(source, source + address_size, source + address_size);  // adds the same
  const std::uint16_t old = load16(message);
  message[0] = reply;
  store16(message + 2, checksum_update(load16(message + 2), old, load16(message)));
  if (v4) {
    at[8] = kReplyTtl;
    store16(at + 10, 0);
    store16(at + 10, checksum({at, 20}));
  } else {
    at[7] = kReplyTtl;
  }
  return true;
}

}  // namespace poise::wire
