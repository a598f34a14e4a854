// Tells the neighbours on a link that an address is here now.
#include "realnet/host/announce.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>

#include "model/check.h"
#include "realnet/host/sysctl.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

using Bytes = std::vector<std::uint8_t>;

void append(Bytes& to, std::span<const std::uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), std::back_inserter(to));
}

//   hardware 1 | protocol 0x0800 | 6 | 4 | operation
//   sender's MAC | sender's IP = VIP | target's MAC | target's IP = VIP
Bytes arp(std::uint8_t operation, const Address& vip, const Interface& interface,
          const std::array<std::uint8_t, 6>& target) {
  const auto ip = std::span(vip.bytes()).subspan(12);
  Bytes message{0, 1, 8, 0, 6, 4, 0, operation};
  append(message, interface.mac);
  append(message, ip);
  append(message, target);
  append(message, ip);
  return message;
}

//   136 | 0 | checksum (the kernel's) | flags R S O | target | option 2: our MAC
Bytes advertisement(const Address& vip, const Interface& interface) {
  constexpr std::uint8_t kRouter = 0x80, kOverride = 0x20;
  const bool is_router = read_sysctl("net/ipv6/conf/" + interface.name + "/forwarding") != "0";
  Bytes message{ND_NEIGHBOR_ADVERT,
                0,
                0,
                0,
                static_cast<std::uint8_t>(kOverride | (is_router ? kRouter : 0)),
                0,
                0,
                0};
  append(message, vip.bytes());
  message.push_back(ND_OPT_TARGET_LINKADDR);
  message.push_back(1);  // in units of 8 bytes
  append(message, interface.mac);
  return message;
}

void send(const Fd& socket, const Bytes& message, const sockaddr* to, socklen_t length,
          const std::string& attempt) {
  checked(static_cast<int>(::sendto(socket.get(), message.data(), message.size(), 0, to, length)),
          attempt);
}

Fd packet_socket() {
  return Fd(checked(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a packet socket"));
}

Fd advertisement_socket(const Address& vip, const Interface& interface) {
  Fd socket(checked(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6),
                    "open a raw ICMPv6 socket"));
  const int hops = 255;  // a receiver refuses what crossed a router
  const int index = static_cast<int>(interface.index);
  checked(::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops),
          "set IPV6_MULTICAST_HOPS");
  checked(::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index),
          "set IPV6_MULTICAST_IF");
  sockaddr_in6 from{};
  from.sin6_family = AF_INET6;
  from.sin6_scope_id = interface.index;
  std::memcpy(&from.sin6_addr, vip.bytes().data(), sizeof from.sin6_addr);
  checked(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from),
          "bind " + vip.to_string());
  return socket;
}

}  // namespace

Announcer::Announcer(Address address, const Interface& interface)
    : address_(address), interface_(interface) {
  POISE_CHECK(interface.has_neighbours);
  if (address.is_v4()) {
    socket_ = packet_socket();
    messages_ = {arp(1, address, interface, {}), arp(2, address, interface, interface.mac)};
  } else {
    socket_ = advertisement_socket(address, interface);
    messages_ = {advertisement(address, interface)};
  }
}

void Announcer::announce() const {
  const std::string attempt = "announce " + address_.to_string() + " on " + interface_.name;
  if (address_.is_v4()) {
    sockaddr_ll everybody{};
    everybody.sll_family = AF_PACKET;
    everybody.sll_protocol = htons(ETH_P_ARP);
    everybody.sll_ifindex = static_cast<int>(interface_.index);
    everybody.sll_halen = 6;
    std::fill_n(everybody.sll_addr, 6, std::uint8_t{0xff});
    for (const Bytes& message : messages_)
      send(socket_, message, reinterpret_cast<const sockaddr*>(&everybody), sizeof everybody,
           attempt);
  } else {
    sockaddr_in6 all_nodes{};
    all_nodes.sin6_family = AF_INET6;
    all_nodes.sin6_scope_id = interface_.index;
    ::inet_pton(AF_INET6, "ff02::1", &all_nodes.sin6_addr);
    for (const Bytes& message : messages_)
      send(socket_, message, reinterpret_cast<const sockaddr*>(&all_nodes), sizeof all_nodes,
           attempt);
  }
}

}  // namespace poise::realnet
