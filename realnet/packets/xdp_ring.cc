// One AF_XDP socket on one receive queue of a device.
#include "realnet/packets/xdp_ring.h"

#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "realnet/packets/xdp_wait.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

constexpr std::uint64_t kAway = ~std::uint64_t{0};

std::string name_of(const Interface& device, unsigned queue) {
  return "AF_XDP on " + device.name + ", queue " + std::to_string(queue);
}

std::size_t be16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at] << 8 | bytes[at + 1]);
}

// Short frames are padded; the datagram says how long it is. What is nonsense stays as it is.
std::size_t datagram_size(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 20) return bytes.size();
  const std::size_t said = bytes[0] >> 4 == 4 ? be16(bytes, 2) : 40 + be16(bytes, 4);
  return said <= bytes.size() ? said : bytes.size();
}

Address destination_of(std::span<const std::uint8_t> bytes) {
  std::array<std::uint8_t, 16> v6{};
  if (bytes[0] >> 4 == 4)
    return Address::v4(static_cast<std::uint32_t>(be16(bytes, 16) << 16 | be16(bytes, 18)));
  std::copy_n(bytes.begin() + 24, v6.size(), v6.begin());
  return Address::v6(v6);
}

}  // namespace

unsigned device_queue_count(const Interface& device) {
  const Fd socket(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket"));
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq request{};
  device.name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&channels);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return 1;  // the driver does not say
  return std::max(1u, channels.rx_count + channels.combined_count);
}

XdpRing::XdpRing(const Interface& device, unsigned device_queue)
    : device_(device),
      device_queue_(device_queue),
      memory_(name_of(device, device_queue)),
      hops_(device.index) {
  sockaddr_xdp address{};
  address.sxdp_family = AF_XDP;
  address.sxdp_ifindex = device.index;
  address.sxdp_queue_id = device_queue;
  address.sxdp_flags = XDP_COPY;
  checked(while_busy([&] {
            return ::bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
          }),
          name_of(device, device_queue) + ": bind");
}

std::size_t XdpRing::receive() {
  count_ = 0;
  reap();
  if (memory_.transmit.waiting() > 0) kick();
  const std::uint32_t ready =
      std::min<std::uint32_t>(memory_.receive.ready(), static_cast<std::uint32_t>(kBurst));
  for (std::uint32_t i = 0; i < ready; ++i) take(memory_.receive.front(i));
  memory_.receive.pop(ready);
  counters_.received += ready;
  return count_;
}

void XdpRing::take(const xdp_desc& description) {
  const std::span<std::uint8_t> frame = memory_.frame(description.addr);
  const std::size_t start = description.addr % XdpMemory::kFrameSize + ETH_HLEN;
  Packet packet(frame, start, description.len - ETH_HLEN);
  packet.resize(datagram_size(packet.bytes()));
  finish_checksum(packet);
  frames_[count_] = XdpMemory::frame_of(description.addr);
  packets_[count_++] = packet;
}

// A sender on this machine leaves the sum over the pseudo header in the field, for a device to
// finish. Nothing says so here; but a field of that value that is not right as it stands cannot
// mean anything else.
void XdpRing::finish_checksum(Packet& packet) {
  const std::span<std::uint8_t> bytes = packet.bytes();
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none) return;
  if (!datagram.is_tcp() && !datagram.is_udp()) return;
  const std::size_t transport = datagram.transport_offset;
  const std::size_t field = transport + (datagram.is_tcp() ? 16 : 6);
  if (field + 2 > bytes.size()) return;
  const std::uint16_t partial = wire::checksum_fold(
      wire::pseudo_header_sum(datagram.source, datagram.destination, datagram.protocol,
                              static_cast<std::uint32_t>(bytes.size() - transport)));
  if (be16(bytes, field) != partial || wire::has_right_transport_checksum(bytes, datagram)) return;
  wire::write_transport_checksum(bytes, datagram);
  ++counters_.checksums_finished;
}

bool XdpRing::forward(std::size_t i, Instant now) noexcept {
  Packet& packet = packets_[i];
  const std::span<const std::uint8_t> bytes = packet.bytes();
  const std::optional<MacAddress> hop = hops_.find(destination_of(bytes), now);
  if (!hop || packet.headroom() < ETH_HLEN) return false;
  const std::uint16_t type = bytes[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;
  std::uint8_t* const header = packet.prepend(ETH_HLEN);
  std::copy(hop->begin(), hop->end(), header);
  std::copy(device_.mac.begin(), device_.mac.end(), header + 6);
  header[12] = static_cast<std::uint8_t>(type >> 8);
  header[13] = static_cast<std::uint8_t>(type);
  memory_.transmit.push({memory_.address_of(header), static_cast<std::uint32_t>(packet.size()), 0});
  frames_[i] = kAway;
  ++counters_.sent;
  return true;
}

void XdpRing::settle() noexcept {
  for (std::size_t i = 0; i < count_; ++i)
    if (frames_[i] != kAway) memory_.fill.push(frames_[i]);
  count_ = 0;
  if (memory_.transmit.waiting() > 0) kick();
}

// Frames that have left are free.
void XdpRing::reap() noexcept {
  const std::uint32_t done = memory_.completion.ready();
  for (std::uint32_t i = 0; i < done; ++i)
    memory_.fill.push(XdpMemory::frame_of(memory_.completion.front(i)));
  memory_.completion.pop(done);
}

// The kernel sends a few dozen at a call, and says "again" while there are more. What a device does
// not take now is tried again with the next burst.
void XdpRing::kick() noexcept {
  for (std::size_t i = 0; i < kBurst; ++i) {
    const bool again = ::sendto(fd(), nullptr, 0, MSG_DONTWAIT, nullptr, 0) < 0 && errno == EAGAIN;
    if (memory_.transmit.waiting() == 0) return;
    if (!again) break;
  }
  ++counters_.unwilling;
}

KernelXdp XdpRing::kernel() const {
  xdp_statistics found{};
  socklen_t size = sizeof found;
  static_cast<void>(::getsockopt(fd(), SOL_XDP, XDP_STATISTICS, &found, &size));
  return {.dropped = found.rx_dropped + found.rx_ring_full + found.rx_fill_ring_empty_descs};
}

}  // namespace poise::realnet
