// Makes the hosts and their TAP devices, and speaks with the process between them.
#include "realnet/lab/tap_network.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "realnet/lab/commands.h"
#include "realnet/lab/node_kernel.h"
#include "realnet/lab/ways.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

using scenario::LinkId;
using scenario::NodeId;
using scenario::NodeKind;

namespace {

constexpr int kPatienceMs = 20'000;  // until the carrier has begun, and until it has ended

// In this thread's network namespace.
Fd open_tap(const std::string& device) {
  Fd tap(checked(::open("/dev/net/tun", O_RDWR | O_CLOEXEC), "open /dev/net/tun"));
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device.c_str());
  checked(::ioctl(tap.get(), TUNSETIFF, &request), "make the TAP device " + device);
  return tap;
}

LinkAddress parse_link_address(const std::string& text) {
  LinkAddress address{};
  for (std::size_t i = 0; i < address.size(); ++i)
    address[i] = static_cast<std::uint8_t>(std::stoul(text.substr(3 * i, 2), nullptr, 16));
  return address;
}

}  // namespace

TapNetwork::TapNetwork(const scenario::Plan& plan, const scenario::Topology& topology,
                       const std::function<void(Fabric&)>& carrier)
    : Network(topology) {
  start(build(plan), carrier);
}

std::vector<Attachment> TapNetwork::build(const scenario::Plan& plan) {
  std::vector<Attachment> attachments;
  Commands commands;
  for (NodeId id = 0; id < topology_.nodes().size(); ++id) {
    const scenario::TopologyNode& node = topology_.nodes()[id];
    if (node.kind == NodeKind::router) continue;
    const auto ways = topology_.neighbours(id);
    if (ways.size() != 1)
      throw std::invalid_argument("emu cannot run this plan: the host " + node.name + " has " +
                                  std::to_string(ways.size()) + " links; allowed: 1");
    const LinkId link = ways[0].link;
    const std::size_t end = topology_.links()[link].a == id ? 0 : 1;
    make_node(id);
    const EnterNamespace inside(where(id));
    attachments.push_back({.host = id,
                           .tap = open_tap(device_of(link)),
                           .host_address = parse_link_address(link_address(link, end)),
                           .network_address = parse_link_address(link_address(link, 1 - end))});
    commands.ip(node.name, "link set " + device_of(link) + " address " + link_address(link, end) +
                               " mtu " + std::to_string(plan.service.mtu) + " txqueuelen 1000");
    add_address(commands, node);
    add_link_end(commands, topology_, id, link);
    add_default_way(commands, node, link);
  }
  commands.run();
  return attachments;
}

// The carrier keeps the devices; this process lets go of them.
void TapNetwork::start(std::vector<Attachment> attachments,
                       const std::function<void(Fabric&)>& carrier) {
  int ends[2];
  checked(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
          "socketpair for the network");
  orders_.reset(ends[0]);
  Fabric fabric(std::move(attachments), Fd(ends[1]));
  const pid_t parent = ::getpid();
  carrier_ = checked(::fork(), "fork the network");
  if (carrier_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    orders_.reset();
    try {
      carrier(fabric);
      ::_exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  FabricFigure ready;
  pollfd polled{orders_.get(), POLLIN, 0};
  // Until then the other end is open here, too: an early death is told by the process itself.
  fabric = Fabric({}, Fd());
  if (::poll(&polled, 1, kPatienceMs) != 1 || !hear(ready))
    throw SystemError("carry the network's packets", "the process for it did not begin");
}

TapNetwork::~TapNetwork() {
  if (carrier_ < 0) return;
  ::kill(carrier_, SIGKILL);
  while (::waitpid(carrier_, nullptr, 0) < 0 && errno == EINTR) continue;
}

void TapNetwork::order(const FabricOrder& order) {
  checked(static_cast<int>(::send(orders_.get(), &order, sizeof order, MSG_NOSIGNAL)),
          "order the network");
}

void TapNetwork::set_present(NodeId id, bool present) {
  order({.kind = FabricOrder::Kind::present, .id = id, .value = present});
}
void TapNetwork::set_partitioned(NodeId id, bool partitioned) {
  order({.kind = FabricOrder::Kind::partitioned, .id = id, .value = partitioned});
}
void TapNetwork::set_link(LinkId id, bool up) {
  order({.kind = FabricOrder::Kind::link_up, .id = id, .value = up});
}
void TapNetwork::set_extra_delay(LinkId id, Duration extra) {
  order({.kind = FabricOrder::Kind::extra_delay, .id = id, .value = extra.count()});
}
void TapNetwork::set_loss(LinkId id, double probability) {
  order({.kind = FabricOrder::Kind::loss, .id = id, .probability = probability});
}

bool TapNetwork::hear(FabricFigure& figure) {
  return ::recv(orders_.get(), &figure, sizeof figure, 0) == sizeof figure;
}

std::vector<std::pair<std::string, std::int64_t>> TapNetwork::finish() {
  ::shutdown(orders_.get(), SHUT_WR);
  std::vector<std::pair<std::string, std::int64_t>> figures;
  pollfd polled{orders_.get(), POLLIN, 0};
  for (FabricFigure figure; ::poll(&polled, 1, kPatienceMs) == 1 && hear(figure);)
    figures.emplace_back(figure.name.data(), figure.value);
  if (figures.empty())
    throw SystemError("carry the network's packets", "the process for it ended early");
  return figures;
}

}  // namespace poise::realnet::lab
