// Changes in place: the TCP MSS option, the TTL, the ECN bits.
#include "model/wire/rewrite.h"

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"

namespace poise::wire {
namespace {

constexpr std::size_t kNowhere = 0;

// Where the MSS option's value lies; kNowhere when there is none, or nonsense before it.
//   | kind = 2 | length = 4 | value (16) |
std::size_t find_mss(std::span<const std::uint8_t> bytes, const Datagram& datagram) {
  if (!datagram.is_tcp() || datagram.is_later_fragment()) return kNowhere;
  if ((datagram.tcp_flags & tcp_flag::kSyn) == 0) return kNowhere;
  const std::size_t end = datagram.payload_offset;
  for (std::size_t i = datagram.transport_offset + std::size_t{20}; i < end;) {
    const std::uint8_t kind = bytes[i];
    if (kind == 0) return kNowhere;
    if (kind == 1) {
      ++i;
      continue;
    }
    if (end - i < 2 || bytes[i + 1] < 2 || bytes[i + 1] > end - i) return kNowhere;
    if (kind == 2) return bytes[i + 1] == 4 ? i + 2 : kNowhere;
    i += bytes[i + 1];
  }
  return kNowhere;
}

// Replaces the 16-bit word at `at` and mends the IPv4 header checksum.
void store_v4_word(std::uint8_t* header, std::size_t at, std::uint16_t value) {
  const std::uint16_t old = load16(header + at);
  if (old == value) return;
  store16(header + at, value);
  store16(header + 10, checksum_update(load16(header + 10), old, value));
}

}  // namespace

std::uint16_t read_mss(std::span<const std::uint8_t> bytes, const Datagram& datagram) noexcept {
  const std::size_t at = find_mss(bytes, datagram);
  return at == kNowhere ? std::uint16_t{0} : load16(bytes.data() + at);
}

bool clamp_mss(Packet& packet, const Datagram& datagram, std::uint16_t mss) noexcept {
  const std::span<std::uint8_t> bytes = packet.bytes();
  const std::size_t at = find_mss(bytes, datagram);
  if (at == kNowhere) return false;
  const std::uint16_t old = load16(bytes.data() + at);
  if (old <= mss) return false;
  store16(bytes.data() + at, mss);
  // An option at an odd offset straddles two words of the sum: swapped bytes add the same there.
  const bool is_odd = (at - datagram.transport_offset) % 2 != 0;
  const auto in_sum = [is_odd](std::uint16_t value) {
    return is_odd ? static_cast<std::uint16_t>(value << 8 | value >> 8) : value;
  };
  std::uint8_t* field = bytes.data() + datagram.transport_offset + 16;
  store16(field, checksum_update(load16(field), in_sum(old), in_sum(mss)));
  return true;
}

void decrement_ttl(Packet& packet) noexcept {
  std::uint8_t* header = packet.bytes().data();
  if (header[0] >> 4 == 6)
    --header[7];
  else
    store_v4_word(header, 8, static_cast<std::uint16_t>(load16(header + 8) - 0x100));
}

void mark_congestion(Packet& packet) noexcept {
  std::uint8_t* header = packet.bytes().data();
  if (header[0] >> 4 == 6)
    header[1] |= 0x30;
  else
    store_v4_word(header, 0, load16(header) | 3);
}

}  // namespace poise::wire
