// Joining is only for what differs in nothing but its place in the stream.
#include "realnet/tcp/segment_joiner.h"

#include <algorithm>
#include <cstring>

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/datagram.h"

namespace poise::realnet {

namespace {

namespace flag = wire::tcp_flag;

constexpr std::size_t kDatagramMax = 65535;
constexpr std::size_t kIpv4Header = 20, kIpv6Header = 40, kTcpHeader = 20;
constexpr std::size_t kChecksum = 16, kFlags = 13;  // in the TCP header

// Of an IP header without options and extensions; 0: another.
std::size_t ip_size_of(std::span<const std::uint8_t> datagram) {
  if (datagram.size() >= kIpv4Header + kTcpHeader && datagram[0] == 0x45 &&
      datagram[9] == wire::protocol::kTcp)
    return kIpv4Header;
  if (datagram.size() >= kIpv6Header + kTcpHeader && datagram[0] >> 4 == 6 &&
      datagram[6] == wire::protocol::kTcp)
    return kIpv6Header;
  return 0;
}

std::size_t tcp_size_of(const std::uint8_t* tcp) {
  return static_cast<std::size_t>(tcp[12] >> 4) * 4;
}

bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t from, std::size_t to) {
  return std::memcmp(a + from, b + from, to - from) == 0;
}

// All but length, identification and checksum.
bool same_ip(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
  if (size == kIpv6Header) return same(a, b, 0, 4) && same(a, b, 6, size);
  return same(a, b, 0, 2) && same(a, b, 6, 10) && same(a, b, 12, size);
}

// All but sequence number, flags and checksum.
bool same_tcp(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
  return same(a, b, 0, 4) && same(a, b, 8, 13) && same(a, b, 14, 16) && same(a, b, 18, size);
}

}  // namespace

SegmentJoiner::SegmentJoiner() : memory_(sizeof(VirtioHeader) + kDatagramMax) {}

bool SegmentJoiner::take(std::span<const std::uint8_t> datagram) noexcept {
  if (count_ == 0) {
    if (datagram.size() > kDatagramMax) return true;  // no datagram at all
    begin(datagram);
    return true;
  }
  if (!follows(datagram)) return false;
  const std::size_t payload = datagram.size() - header_size_;
  std::memcpy(this->datagram() + size_, datagram.data() + header_size_, payload);
  const std::uint8_t flags = datagram[ip_size_ + kFlags];
  this->datagram()[ip_size_ + kFlags] |= flags;
  size_ += payload;
  next_ += static_cast<std::uint32_t>(payload);
  open_ = payload == piece_ && flags == flag::kAck;
  ++count_;
  return true;
}

bool SegmentJoiner::follows(std::span<const std::uint8_t> datagram) const noexcept {
  if (!open_ || datagram.size() <= header_size_ || ip_size_of(datagram) != ip_size_) return false;
  const std::uint8_t* held = this->datagram();
  const std::uint8_t* tcp = datagram.data() + ip_size_;
  const std::size_t payload = datagram.size() - header_size_;
  const std::uint8_t flags = tcp[kFlags];
  return payload <= piece_ && size_ + payload <= kDatagramMax && wire::load32(tcp + 4) == next_ &&
         (flags & ~(flag::kPsh | flag::kFin)) == flag::kAck &&
         same_ip(held, datagram.data(), ip_size_) &&
         same_tcp(held + ip_size_, tcp, header_size_ - ip_size_);
}

void SegmentJoiner::begin(std::span<const std::uint8_t> datagram) noexcept {
  std::memset(memory_.data(), 0, sizeof(VirtioHeader));
  std::memcpy(this->datagram(), datagram.data(), datagram.size());
  size_ = datagram.size();
  count_ = 1;
  open_ = false;
  ip_size_ = ip_size_of(datagram);
  if (ip_size_ == 0) return;
  const std::uint8_t* tcp = this->datagram() + ip_size_;
  header_size_ = ip_size_ + tcp_size_of(tcp);
  if (header_size_ < ip_size_ + kTcpHeader || size_ <= header_size_) return;
  piece_ = size_ - header_size_;
  next_ = wire::load32(tcp + 4) + static_cast<std::uint32_t>(piece_);
  open_ = tcp[kFlags] == flag::kAck;
}

std::span<const std::uint8_t> SegmentJoiner::hand_out() noexcept {
  if (count_ > 1) finish_join();
  count_ = 0;
  return std::span(memory_).first(sizeof(VirtioHeader) + size_);
}

// Lengths of the whole; of the checksum the pseudo header alone, as the kernel wants it of what it
// shall finish.
void SegmentJoiner::finish_join() noexcept {
  std::uint8_t* ip = datagram();
  const bool is_v4 = ip_size_ == kIpv4Header;
  if (is_v4) {
    wire::store16(ip + 2, static_cast<std::uint16_t>(size_));
    wire::store16(ip + 10, 0);
    wire::store16(ip + 10, wire::checksum(std::span(ip, ip_size_)));
  } else {
    wire::store16(ip + 4, static_cast<std::uint16_t>(size_ - ip_size_));
  }
  const Address source = is_v4 ? wire::load_v4(ip + 12) : wire::load_v6(ip + 8);
  const Address destination = is_v4 ? wire::load_v4(ip + 16) : wire::load_v6(ip + 24);
  const std::uint64_t sum = wire::pseudo_header_sum(source, destination, wire::protocol::kTcp,
                                                    static_cast<std::uint32_t>(size_ - ip_size_));
  wire::store16(ip + ip_size_ + kChecksum, wire::checksum_fold(sum));

  const VirtioHeader header{.flags = VirtioHeader::kNeedsChecksum,
                            .cut_as = is_v4 ? VirtioHeader::kTcp4 : VirtioHeader::kTcp6,
                            .header_size = static_cast<std::uint16_t>(header_size_),
                            .piece_size = static_cast<std::uint16_t>(piece_),
                            .checksum_start = static_cast<std::uint16_t>(ip_size_),
                            .checksum_offset = kChecksum};
  std::memcpy(memory_.data(), &header, sizeof header);
}

}  // namespace poise::realnet
