// The TUN device, with the header of virtio in front of every datagram.
#include "realnet/tcp/tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "realnet/host/sysctl.h"
#include "realnet/system/error.h"
#include "realnet/tcp/segment_joiner.h"

namespace poise::realnet {

namespace {

constexpr int kMtu = 65535;         // what reaches us is never too long for us
constexpr int kQueueLength = 4096;  // datagrams that the kernel keeps for us

std::span<std::uint8_t> slot_of(std::vector<std::uint8_t>& memory, std::size_t slot) {
  return std::span(memory).subspan(slot * kPacketMemory, kPacketMemory);
}

Fd open_device(const std::string& name, std::string& given) {
  const std::string attempt = "make the TUN device " + name;
  Fd fd(checked(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "open /dev/net/tun"));
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (name.size() >= sizeof request.ifr_name) throw SystemError(attempt, ENAMETOOLONG);
  std::memcpy(request.ifr_name, name.data(), name.size());
  checked(::ioctl(fd.get(), TUNSETIFF, &request), attempt);
  given = request.ifr_name;
  return fd;
}

void bring_up(const std::string& name) {
  const std::string attempt = "bring up " + name;
  const Fd socket(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), attempt));
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_mtu = kMtu;
  checked(::ioctl(socket.get(), SIOCSIFMTU, &request), "set the MTU of " + name);
  request.ifr_qlen = kQueueLength;
  checked(::ioctl(socket.get(), SIOCSIFTXQLEN, &request), "set the queue of " + name);
  checked(::ioctl(socket.get(), SIOCGIFFLAGS, &request), attempt);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  checked(::ioctl(socket.get(), SIOCSIFFLAGS, &request), attempt);
}

// The device's own switches, which go with it: what we say is forwarded, and nobody is asked about.
void set_switches(const std::string& name) {
  const std::string v4 = "net/ipv4/conf/" + name + "/", v6 = "net/ipv6/conf/" + name + "/";
  if (has_sysctl(v6 + "addr_gen_mode")) write_sysctl(v6 + "addr_gen_mode", "1");
  write_sysctl(v4 + "forwarding", "1");
  write_sysctl(v4 + "rp_filter", "0");
  if (has_sysctl(v6 + "forwarding")) write_sysctl(v6 + "forwarding", "1");
  if (has_sysctl(v6 + "force_forwarding")) write_sysctl(v6 + "force_forwarding", "1");
  if (has_sysctl(v6 + "accept_ra")) write_sysctl(v6 + "accept_ra", "0");
}

}  // namespace

Tun::Tun(const std::string& name, bool offload) : memory_(kBurst * kPacketMemory) {
  packets_.reserve(kBurst);
  std::string given;
  fd_ = open_device(name, given);
  const unsigned offloads = offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0u;
  checked(::ioctl(fd_.get(), TUNSETOFFLOAD, offloads), "set the offloads of " + given);
  set_switches(given);
  bring_up(given);
  interface_ = interface_named(given);
}

std::span<Packet> Tun::receive() {
  packets_.clear();
  for (std::size_t slot = 0; slot < kBurst; ++slot) {
    const std::span memory = slot_of(memory_, slot).subspan(kHeadroom - sizeof(VirtioHeader));
    const ssize_t size = ::read(fd_.get(), memory.data(), memory.size());
    if (size < 0) break;  // EAGAIN; what else there may be, the next call says again
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
    done = ::write(fd_.get(), joined.data(), joined.size());
  } while (done < 0 && errno == EINTR);
  done < 0 ? ++counters_.refused : ++counters_.sent;
}

}  // namespace poise::realnet
