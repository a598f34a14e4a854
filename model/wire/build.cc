// Builds datagrams: IP header, transport header, payload, then the checksums.
#include "model/wire/build.h"

#include <algorithm>
#include <array>

#include "model/check.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/ip_header.h"

namespace poise::wire {
namespace {

// What the three kinds have in common; `header` is the transport header with a checksum of zero.
struct Parts {
  Address source, destination;
  std::uint8_t protocol;
  std::span<const std::uint8_t> header, payload;
  IpFields ip;
};

std::size_t assemble(std::span<std::uint8_t> memory, const Parts& parts) {
  POISE_CHECK(parts.source.family() == parts.destination.family());
  const std::size_t ip_size = ip_header_size(parts.source.family());
  const std::size_t transport_size = parts.header.size() + parts.payload.size();
  const std::size_t size = ip_size + transport_size;
  const std::size_t limit = parts.source.is_v4() ? 65535 : 65575;
  if (size > memory.size() || size > limit) return 0;
  write_ip_header(memory.data(), parts.source, parts.destination, parts.protocol, transport_size,
                  parts.ip);
  std::copy(parts.header.begin(), parts.header.end(), memory.begin() + static_cast<long>(ip_size));
  std::copy(parts.payload.begin(), parts.payload.end(),
            memory.begin() + static_cast<long>(ip_size + parts.header.size()));
  Datagram datagram;
  POISE_CHECK(parse(memory.first(size), datagram) == Malformed::none);
  write_transport_checksum(memory.first(size), datagram);
  return size;
}

template <class T>
std::vector<std::uint8_t> to_vector(const T& what) {
  constexpr std::size_t kHeadersMax = 40 + 60;
  std::vector<std::uint8_t> bytes(kHeadersMax + what.payload.size());
  bytes.resize(build_into(bytes, what));
  return bytes;
}

}  // namespace

void write_ip_header(std::uint8_t* at, const Address& source, const Address& destination,
                     std::uint8_t protocol, std::size_t payload_size, const IpFields& fields) {
  if (source.is_v4()) {
    // The sum is taken in registers: read from memory it would wait for the stores.
    const auto size = static_cast<std::uint16_t>(20 + payload_size);
    const std::uint32_t first = 0x45000000u | std::uint32_t{fields.tos} << 16 | size;
    const std::uint32_t second =
        std::uint32_t{fields.id} << 16 | (fields.dont_fragment ? 0x4000u : 0u);
    const std::uint32_t third = std::uint32_t{fields.ttl} << 24 | std::uint32_t{protocol} << 16;
    const std::uint64_t sum =
        std::uint64_t{first} + second + third + source.as_v4() + destination.as_v4();
    store32(at, first);
    store32(at + 4, second);
    store32(at + 8, third | checksum_finish(sum));
    store_address(at + 12, source);
    store_address(at + 16, destination);
  } else {
    store32(at, 0x60000000u | static_cast<std::uint32_t>(fields.tos) << 20);
    store16(at + 4, static_cast<std::uint16_t>(payload_size));
    at[6] = protocol;
    at[7] = fields.ttl;
    store_address(at + 8, source);
    store_address(at + 24, destination);
  }
}

std::size_t build_into(std::span<std::uint8_t> memory, const TcpSegment& segment) noexcept {
  std::array<std::uint8_t, 60> header{};
  const std::size_t options_at = segment.mss ? 24 : 20;
  const std::size_t size = options_at + segment.options.size();
  POISE_CHECK(size <= header.size() && size % 4 == 0);
  store16(header.data(), segment.source.port);
  store16(header.data() + 2, segment.destination.port);
  store32(header.data() + 4, segment.sequence);
  store32(header.data() + 8, segment.acknowledgment);
  header[12] = static_cast<std::uint8_t>(size / 4 << 4);
  header[13] = segment.flags;
  store16(header.data() + 14, segment.window);
  if (segment.mss) {
    header[20] = 2;
    header[21] = 4;
    store16(header.data() + 22, *segment.mss);
  }
  std::copy(segment.options.begin(), segment.options.end(),
            header.begin() + static_cast<long>(options_at));
  return assemble(memory, {segment.source.address, segment.destination.address, protocol::kTcp,
                           std::span(header).first(size), segment.payload, segment.ip});
}

std::size_t build_into(std::span<std::uint8_t> memory, const UdpDatagram& datagram) noexcept {
  if (datagram.payload.size() > 65535 - 8) return 0;
  std::array<std::uint8_t, 8> header{};
  store16(header.data(), datagram.source.port);
  store16(header.data() + 2, datagram.destination.port);
  store16(header.data() + 4, static_cast<std::uint16_t>(8 + datagram.payload.size()));
  return assemble(memory, {datagram.source.address, datagram.destination.address, protocol::kUdp,
                           header, datagram.payload, datagram.ip});
}

std::size_t build_into(std::span<std::uint8_t> memory, const IcmpEcho& echo) noexcept {
  const bool v4 = echo.source.is_v4();
  std::array<std::uint8_t, 8> header{};
  if (v4)
    header[0] = echo.is_reply ? 0 : 8;
  else
    header[0] = echo.is_reply ? 129 : 128;
  store16(header.data() + 4, echo.id);
  store16(header.data() + 6, echo.sequence);
  return assemble(memory, {echo.source, echo.destination, v4 ? protocol::kIcmp : protocol::kIcmpv6,
                           header, echo.payload, echo.ip});
}

std::vector<std::uint8_t> build(const TcpSegment& segment) {
  return to_vector(segment);
}
std::vector<std::uint8_t> build(const UdpDatagram& datagram) {
  return to_vector(datagram);
}
std::vector<std::uint8_t> build(const IcmpEcho& echo) {
  return to_vector(echo);
}

}  // namespace poise::wire
