// Joins TCP segments of one connection that follow each other into one large one, which the kernel
// cuts again where it must: a train of 40 costs little more than one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace poise::realnet {

// In front of every datagram of the device (virtio_net_hdr of linux/virtio_net.h, which is not
// C++): what is left to who takes it. Little-endian.
struct VirtioHeader {
  static constexpr std::uint8_t kNeedsChecksum = 1;
  static constexpr std::uint8_t kTcp4 = 1, kTcp6 = 4;

  std::uint8_t flags = 0;
  std::uint8_t cut_as = 0;  // kTcp4 or kTcp6: into segments, ...
  std::uint16_t header_size = 0;
  std::uint16_t piece_size = 0;       // ... of so many bytes of payload
  std::uint16_t checksum_start = 0;   // what is summed begins here, ...
  std::uint16_t checksum_offset = 0;  // ... and the sum belongs so far behind it
};
static_assert(sizeof(VirtioHeader) == 10);

// What the kernel gets: its header (what is left to it: cutting, checksums), then a datagram.
class SegmentJoiner {
 public:
  SegmentJoiner();

  // Takes a whole datagram with right checksums, as tcp::write_segment makes it. False, and nothing
  // changes, when it cannot follow what is held: hand out that first.
  [[nodiscard]] bool take(std::span<const std::uint8_t> datagram) noexcept;
  bool empty() const { return count_ == 0; }
  // Header and datagram of what is held, which is then forgotten. Valid until the next take().
  // REQUIRES: not empty.
  std::span<const std::uint8_t> hand_out() noexcept;

 private:
  bool follows(std::span<const std::uint8_t> datagram) const noexcept;
  void begin(std::span<const std::uint8_t> datagram) noexcept;
  void finish_join() noexcept;
  std::uint8_t* datagram() { return memory_.data() + sizeof(VirtioHeader); }
  const std::uint8_t* datagram() const { return memory_.data() + sizeof(VirtioHeader); }

  std::vector<std::uint8_t> memory_;
  std::size_t size_ = 0;  // of the datagram that is held
  std::size_t count_ = 0;
  bool open_ = false;            // another one may follow
  std::size_t ip_size_ = 0;      // of its IP header
  std::size_t header_size_ = 0;  // with TCP's
  std::size_t piece_ = 0;        // payload of each but the last
  std::uint32_t next_ = 0;       // the sequence number that follows
};

}  // namespace poise::realnet
