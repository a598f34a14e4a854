// Makes of what was sent what may be seen, and compares.
#include "tests/scenes_wire/way.h"

#include <algorithm>
#include <vector>

#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "model/wire/rewrite.h"

namespace poise::scene {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kIdentification = 4, kHeaderChecksum = 10;

Bytes forwarded(Bytes datagram) {
  wire::Datagram parsed;
  if (wire::parse(datagram, parsed) != wire::Malformed::none || parsed.ttl == 0) return datagram;
  Packet packet(datagram, 0, datagram.size());
  wire::decrement_ttl(packet);
  return datagram;
}

Bytes identified_as(Bytes datagram, std::span<const std::uint8_t> seen) {
  if (datagram.size() < 20 || seen.size() < 20 || datagram[0] >> 4 != 4) return datagram;
  if (datagram[kIdentification] != 0 || datagram[kIdentification + 1] != 0) return datagram;
  std::copy_n(seen.begin() + kIdentification, 2, datagram.begin() + kIdentification);
  datagram[kHeaderChecksum] = datagram[kHeaderChecksum + 1] = 0;
  const std::size_t header = std::min<std::size_t>((datagram[0] & 0xfu) * 4u, datagram.size());
  const std::uint16_t sum = wire::checksum(std::span(datagram).first(header));
  datagram[kHeaderChecksum] = static_cast<std::uint8_t>(sum >> 8);
  datagram[kHeaderChecksum + 1] = static_cast<std::uint8_t>(sum);
  return datagram;
}

}  // namespace

bool is_the_same_but_for_the_way(std::span<const std::uint8_t> sent,
                                 std::span<const std::uint8_t> seen) {
  const Bytes before(sent.begin(), sent.end());
  return std::ranges::equal(before, seen) || std::ranges::equal(forwarded(before), seen) ||
         std::ranges::equal(identified_as(before, seen), seen);
}

}  // namespace poise::scene
