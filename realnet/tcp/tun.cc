// The TUN device, with the header of virtio in front of every datagram.
#include "realnet/tcp/tun.h"

#include <linux/if_tun.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "realnet/system/error.h"
#include "realnet/tcp/segment_joiner.h"

namespace poise::realnet {

namespace {

constexpr int kQueueLength = 4096;  // datagrams that the kernel keeps for us

std::span<std::uint8_t> slot_of(std::vector<std::uint8_t>& memory, std::size_t slot) {
  return std::span(memory).subspan(slot * kPacketMemory, kPacketMemory);
}

}  // namespace

Tun::Tun(const std::string& name, bool offload)
    : device_(
          make_tun({.name = name,
                    .flags = IFF_VNET_HDR,
                    .offloads = offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0u,
                    .queue_length = kQueueLength})),
      memory_(kBurst * kPacketMemory) {
  packets_.reserve(kBurst);
}

std::span<Packet> Tun::receive() {
  packets_.clear();
  for (std::size_t slot = 0; slot < kBurst; ++slot) {
    const std::span memory = slot_of(memory_, slot).subspan(kHeadroom - sizeof(VirtioHeader));
    const ssize_t size = ::read(descriptor(), memory.data(), memory.size());
    if (size < 0 && errno != EAGAIN && errno != EINTR)
      throw SystemError("read from the device " + interface().name, errno);
    if (size < 0) break;
    if (!admit(slot, static_cast<std::size_t>(size))) ++counters_.unreadable;
  }
  counters_.received += packets_.size();
  return packets_;
}

// Finishes a checksum that was left to us.
bool Tun::admit(std::size_t slot, std::size_t size) {
  const std::span memory = slot_of(memory_, slot);
  if (size <= sizeof(VirtioHeader)) return false;
  VirtioHeader header;
  std::memcpy(&header, memory.data() + kHeadroom - sizeof header, sizeof header);
  const std::span datagram = memory.subspan(kHeadroom, size - sizeof header);
  if (header.flags & VirtioHeader::kNeedsChecksum) {
    const std::size_t start = header.checksum_start, at = start + header.checksum_offset;
    if (at + 2 > datagram.size()) return false;
    const std::uint64_t sum = wire::checksum_sum(datagram.subspan(start));
    wire::store16(datagram.data() + at, wire::checksum_finish(sum));
    ++counters_.checksums;
  }
  packets_.emplace_back(memory, kHeadroom, datagram.size());
  return true;
}

void Tun::send(std::span<const std::uint8_t> joined) noexcept {
  ssize_t done = 0;
  do {
    done = ::write(descriptor(), joined.data(), joined.size());
  } while (done < 0 && errno == EINTR);
  done < 0 ? ++counters_.refused : ++counters_.sent;
}

}  // namespace poise::realnet
