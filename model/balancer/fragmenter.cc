// RFC 791's fragmentation procedure, for headers without options.
#include "model/balancer/fragmenter.h"

#include <algorithm>
#include <cstring>

#include "model/wire/checksum.h"

namespace poise {
namespace {

constexpr std::size_t kHeader = 20;
constexpr std::size_t kMoreFragments = 0x2000;

// Completes a piece's header: its length, place in the whole, and checksum.
void finish(std::span<std::uint8_t> piece, std::size_t offset, bool more) {
  const std::size_t word = offset / 8 | (more ? kMoreFragments : 0);
  piece[2] = static_cast<std::uint8_t>(piece.size() >> 8);
  piece[3] = static_cast<std::uint8_t>(piece.size());
  piece[6] = static_cast<std::uint8_t>(word >> 8);
  piece[7] = static_cast<std::uint8_t>(word);
  piece[10] = piece[11] = 0;
  const std::uint16_t sum = wire::checksum(piece.first(kHeader));
  piece[10] = static_cast<std::uint8_t>(sum >> 8);
  piece[11] = static_cast<std::uint8_t>(sum);
}

}  // namespace

bool fragment_in_place(Packet& packet, const wire::Datagram& datagram, std::size_t room,
                       const wire::TunnelHeader& tunnel, std::uint16_t entropy,
                       PacketOutbox& outbox) noexcept {
  const std::size_t limit = std::min(room, PacketOutbox::kSlotSize - kHeadroom);
  if (datagram.family != Family::v4 || datagram.has_options || limit < kHeader + 8) return false;
  const std::size_t chunk = (limit - kHeader) / 8 * 8;
  const std::size_t payload = packet.size() - kHeader;
  const std::size_t pieces = (payload + chunk - 1) / chunk;
  if (pieces > outbox.room() + 1) return false;

  for (std::size_t i = 1; i < pieces; ++i) {
    const std::size_t start = i * chunk;
    const std::size_t size = std::min(chunk, payload - start);
    const std::span<std::uint8_t> piece = outbox.begin()->first(kHeader + size);
    const std::uint8_t* from = packet.bytes().data();
    std::memcpy(piece.data(), from, kHeader);
    std::memcpy(piece.data() + kHeader, from + kHeader + start, size);
    finish(piece, datagram.fragment_offset + start, datagram.more_fragments || i + 1 < pieces);
    tunnel.apply(outbox.commit(piece.size()), entropy);
  }
  packet.resize(kHeader + std::min(chunk, payload));
  finish(packet.bytes(), datagram.fragment_offset, datagram.more_fragments || pieces > 1);
  return true;
}

}  // namespace poise
