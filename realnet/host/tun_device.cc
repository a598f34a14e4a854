// A TUN device of our own.
#include "realnet/host/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "realnet/host/sysctl.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

constexpr int kMtu = 65535;  // what reaches us is never too long for us

Fd open_device(const TunRequest& request, std::string& given) {
  const std::string attempt = "make the TUN device " + request.name;
  Fd fd(checked(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "open /dev/net/tun"));
  ifreq wish{};
  wish.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | request.flags);
  if (request.name.size() >= sizeof wish.ifr_name) throw SystemError(attempt, ENAMETOOLONG);
  std::memcpy(wish.ifr_name, request.name.data(), request.name.size());
  checked(::ioctl(fd.get(), TUNSETIFF, &wish), attempt);
  given = wish.ifr_name;
  checked(::ioctl(fd.get(), TUNSETOFFLOAD, request.offloads), "set the offloads of " + given);
  return fd;
}

// The device's own switches, which go with it: what we say is forwarded, and nobody is asked about.
void set_switches(const std::string& name, const char* reverse_path) {
  const std::string v4 = "net/ipv4/conf/" + name + "/", v6 = "net/ipv6/conf/" + name + "/";
  if (has_sysctl(v6 + "addr_gen_mode")) write_sysctl(v6 + "addr_gen_mode", "1");
  write_sysctl(v4 + "forwarding", "1");
  write_sysctl(v4 + "rp_filter", reverse_path);
  if (has_sysctl(v6 + "forwarding")) write_sysctl(v6 + "forwarding", "1");
  if (has_sysctl(v6 + "force_forwarding")) write_sysctl(v6 + "force_forwarding", "1");
  if (has_sysctl(v6 + "accept_ra")) write_sysctl(v6 + "accept_ra", "0");
}

void bring_up(const std::string& name, int queue_length) {
  const std::string attempt = "bring up " + name;
  const Fd socket(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), attempt));
  ifreq wish{};
  std::memcpy(wish.ifr_name, name.data(), name.size());
  wish.ifr_mtu = kMtu;
  checked(::ioctl(socket.get(), SIOCSIFMTU, &wish), "set the MTU of " + name);
  if (queue_length > 0) {
    wish.ifr_qlen = queue_length;
    checked(::ioctl(socket.get(), SIOCSIFTXQLEN, &wish), "set the queue of " + name);
  }
  checked(::ioctl(socket.get(), SIOCGIFFLAGS, &wish), attempt);
  wish.ifr_flags = static_cast<short>(wish.ifr_flags | IFF_UP);
  checked(::ioctl(socket.get(), SIOCSIFFLAGS, &wish), attempt);
}

}  // namespace

TunDevice make_tun(const TunRequest& request) {
  std::string name;
  Fd descriptor = open_device(request, name);
  set_switches(name, request.reverse_path);
  bring_up(name, request.queue_length);
  return {std::move(descriptor), interface_named(name)};
}

}  // namespace poise::realnet
