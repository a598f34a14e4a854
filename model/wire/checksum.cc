// The Internet checksum, eight bytes at a time.
#include "model/wire/checksum.h"

#include <bit>
#include <cstring>

#include "model/wire/bytes.h"

namespace poise::wire {
namespace {

constexpr std::size_t kNone = 0;

// Where the checksum field lies in the transport header; kNone when there is none that we know.
std::size_t field_offset(const Datagram& datagram) {
  if (datagram.is_fragment) return kNone;
  switch (datagram.protocol) {
    case protocol::kTcp:
      return 16;
    case protocol::kUdp:
      return 6;
    case protocol::kIcmp:
      return datagram.family == Family::v4 ? 2 : kNone;
    case protocol::kIcmpv6:
      return datagram.family == Family::v6 ? 2 : kNone;
    default:
      return kNone;
  }
}

// UDP's own length counts, not the datagram's: there may be bytes behind it.
std::size_t transport_size(const Datagram& datagram) {
  return static_cast<std::size_t>(datagram.payload_offset - datagram.transport_offset) +
         datagram.payload_size;
}

std::uint64_t transport_sum(std::span<const std::uint8_t> bytes, const Datagram& datagram) {
  const std::size_t size = transport_size(datagram);
  std::uint64_t sum = 0;
  if (datagram.protocol != protocol::kIcmp)
    sum = pseudo_header_sum(datagram.source, datagram.destination, datagram.protocol,
                            static_cast<std::uint32_t>(size));
  return checksum_sum(bytes.subspan(datagram.transport_offset, size), sum);
}

}  // namespace

std::uint64_t checksum_sum(std::span<const std::uint8_t> bytes, std::uint64_t sum) noexcept {
  // Words are summed as they lie in memory; one swap at the end sets that right (RFC 1071, 2 B).
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t native = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint32_t low, high;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + 4, 4);
    native += std::uint64_t{low} + high;
  }
  if (left != 0) {
    std::uint32_t tail[2] = {0, 0};
    std::memcpy(tail, at, left);
    native += std::uint64_t{tail[0]} + tail[1];
  }
  const std::uint16_t folded = checksum_fold(native);
  if constexpr (std::endian::native == std::endian::little)
    return sum + static_cast<std::uint16_t>(folded << 8 | folded >> 8);
  return sum + folded;
}

std::uint64_t checksum_copy(std::uint8_t* into, std::span<const std::uint8_t> from,
                            std::uint64_t sum) noexcept {
  if (!from.empty()) std::memcpy(into, from.data(), from.size());
  return checksum_sum(from, sum);
}

std::uint64_t pseudo_header_sum(const Address& source, const Address& destination,
                                std::uint8_t protocol, std::uint32_t transport_size) noexcept {
  // An IPv4 address adds the same as its mapped form would but for the 0xffff, which is zero in
  // one's complement; leaving it out keeps the sum of an empty header zero.
  const std::size_t skip = source.is_v4() ? 12 : 0;
  std::uint64_t sum = checksum_sum(std::span(source.bytes()).subspan(skip));
  sum = checksum_sum(std::span(destination.bytes()).subspan(skip), sum);
  return sum + protocol + (transport_size >> 16) + (transport_size & 0xffff);
}

bool has_right_transport_checksum(std::span<const std::uint8_t> bytes,
                                  const Datagram& datagram) noexcept {
  const std::size_t field = field_offset(datagram);
  if (field == kNone) return true;
  if (datagram.is_udp() && load16(bytes.data() + datagram.transport_offset + field) == 0)
    return datagram.family == Family::v4;
  return checksum_fold(transport_sum(bytes, datagram)) == 0xffff;
}

void write_transport_checksum(std::span<std::uint8_t> bytes, const Datagram& datagram) noexcept {
  const std::size_t field = field_offset(datagram);
  if (field == kNone) return;
  std::uint8_t* at = bytes.data() + datagram.transport_offset + field;
  store16(at, 0);
  std::uint16_t value = checksum_finish(transport_sum(bytes, datagram));
  if (datagram.is_udp() && value == 0) value = 0xffff;  // zero says "none" (RFC 768)
  store16(at, value);
}

}  // namespace poise::wire
