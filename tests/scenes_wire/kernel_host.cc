// Makes the namespace of a host, its device, its routes and its rules.
#include "tests/scenes_wire/kernel_host.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "model/wire/datagram.h"
#include "realnet/system/error.h"
#include "realnet/system/process.h"

namespace poise::scene {

using realnet::checked;
using realnet::Fd;

namespace {

// All these are of the calling thread's namespace.

void set_kernel(const std::string& name, const std::string& value) {
  std::ofstream file("/proc/sys/net/" + name);
  if (!(file << value << std::flush)) throw realnet::SystemError("set net/" + name, "refused");
}

Fd open_tun() {
  Fd tun(checked(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), "open /dev/net/tun"));
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "wire");
  checked(::ioctl(tun.get(), TUNSETIFF, &request), "make the TUN device");
  return tun;
}

// Routers on the way have larger MTUs than anything a scene sends; the machines know their own.
void set_up_routes() {
  for (const std::string which : {"all", "default"}) {
    set_kernel("ipv4/conf/" + which + "/rp_filter", "0");
    set_kernel("ipv4/conf/" + which + "/send_redirects", "0");
    set_kernel("ipv6/conf/" + which + "/forwarding", "1");
  }
  set_kernel("ipv6/conf/default/addr_gen_mode", "1");  // no link-local address, no chatter
  set_kernel("ipv4/ip_forward", "1");
}

// IPv6 sends only from a namespace that has an address of its own.
constexpr const char* kAddresses =
    "link set lo up\n"
    "address add 100::1/128 dev lo nodad\n"
    "link set wire up mtu 9000\n"
    "route add default dev wire\n"
    "route add ::/0 dev wire\n";

constexpr const char* kRules =
    "*raw\n"
    "-A PREROUTING -i wire -j NFQUEUE --queue-num 0\n"
    "COMMIT\n"
    "*mangle\n"
    "-A OUTPUT -o wire -p tcp --tcp-flags SYN,ACK SYN,ACK -j NFQUEUE --queue-num 0\n"
    "COMMIT\n";

// What a kernel says of its own accord (multicast listener reports, say) is no part of a scene.
bool is_chatter(const Bytes& datagram) {
  return datagram.size() >= 40 && datagram[0] >> 4 == 6 && datagram[24] == 0xff;
}

}  // namespace

KernelHost::KernelHost() {
  const realnet::EnterNamespace and_back("/proc/thread-self/ns/net");
  checked(::unshare(CLONE_NEWNET), "make a network namespace (needs root)");
  namespace_ =
      Fd(checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open the namespace"));
  path_ = "/proc/self/fd/" + std::to_string(namespace_.get());
  set_up_routes();
  tun_ = open_tun();
  realnet::run_checked({.arguments = {"ip", "-batch", "-"}, .input = kAddresses});
  for (const std::string family : {"iptables", "ip6tables"})
    realnet::run_checked({.arguments = {family + "-restore", "--wait", "10"}, .input = kRules});
  stack_.emplace();
}

void KernelHost::arrive(std::span<const std::uint8_t> datagram) {
  checked(static_cast<int>(::write(tun_.get(), datagram.data(), datagram.size())),
          "write a datagram to the TUN device");
}

void KernelHost::send(Bytes datagram) {
  stack_->send(Packet(datagram, 0, datagram.size()));
}

std::optional<Bytes> KernelHost::next_departure() {
  for (;;) {
    Bytes datagram(65536);
    const ssize_t size = ::read(tun_.get(), datagram.data(), datagram.size());
    if (size < 0 && errno == EAGAIN) return std::nullopt;
    datagram.resize(
        static_cast<std::size_t>(checked(static_cast<int>(size), "read the TUN device")));
    if (!is_chatter(datagram)) return datagram;
  }
}

}  // namespace poise::scene
