// Makes namespaces, quietens kernels, and knows the lines for `ip`.
#include "realnet/lab/node_kernel.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "realnet/lab/ways.h"
#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

using scenario::LinkId;
using scenario::NodeId;
using scenario::NodeKind;

std::string link_address(LinkId link, std::size_t end) {
  char text[18];
  std::snprintf(text, sizeof text, "02:00:%02x:%02x:%02x:%02zx", link >> 16 & 0xff,
                link >> 8 & 0xff, link & 0xff, end);
  return text;
}

void make_namespace(const std::string& path) {
  const Fd file(checked(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444),
                        "create " + path));
  const Fd before(checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC),
                          "open /proc/thread-self/ns/net"));
  checked(::unshare(CLONE_NEWNET), "unshare a network namespace");
  const int mounted = ::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr);
  const int mount_error = errno;
  checked(::setns(before.get(), CLONE_NEWNET), "setns back");
  if (mounted < 0) throw SystemError("mount " + path, mount_error);
}

void set_kernel(const std::string& name, const std::string& value) {
  const Fd file(::open(("/proc/sys/net/" + name).c_str(), O_WRONLY | O_CLOEXEC));
  if (file && ::write(file.get(), value.data(), value.size()) < 0)
    throw SystemError("set net/" + name + " to " + value, errno);
}

void settle_kernel(NodeKind kind) {
  for (const std::string which : {"all", "default"}) {
    set_kernel("ipv6/conf/" + which + "/disable_ipv6", "1");  // nobody is asked, nobody tells
    set_kernel("ipv4/conf/" + which + "/rp_filter", "0");
    set_kernel("ipv4/conf/" + which + "/send_redirects", "0");
    set_kernel("ipv4/conf/" + which + "/accept_redirects", "0");
  }
  set_kernel("ipv4/tcp_no_metrics_save", "1");  // flows learn nothing from those before
  set_kernel("ipv4/tcp_tw_reuse", "1");
  // Without tail loss probes, as ns-3: each new segment would put them, and the timeout behind
  // them, off, so that a stall would begin when the window is full.
  set_kernel("ipv4/tcp_early_retrans", "0");
  set_kernel("core/somaxconn", "4096");
  if (kind != NodeKind::balancer) return;
  // What its balancer has put into a tunnel comes from its own address, and goes on.
  set_kernel("ipv4/ip_forward", "1");
  for (const std::string which : {"all", "default"})
    set_kernel("ipv4/conf/" + which + "/accept_local", "1");
}

void add_address(Commands& commands, const scenario::TopologyNode& node) {
  commands.ip(node.name, "link set lo up");
  commands.ip(node.name, "address add " + node.address.to_string() + "/32 dev lo");
}

void add_link_end(Commands& commands, const scenario::Topology& topology, NodeId node,
                  LinkId link) {
  const std::string& name = topology.nodes()[node].name;
  const std::size_t far_end = topology.links()[link].a == node ? 1 : 0;
  commands.ip(name, "link set " + device_of(link) + " up");
  commands.ip(name, "neighbour add 169.254.0.1 lladdr " + link_address(link, far_end) + " dev " +
                        device_of(link) + " nud permanent");
}

void add_default_way(Commands& commands, const scenario::TopologyNode& node, LinkId link) {
  commands.ip(node.name, "route add default via 169.254.0.1 dev " + device_of(link) +
                             " onlink src " + node.address.to_string());
}

}  // namespace poise::realnet::lab
