// What passes on a link, frame by frame, for tests that are a neighbour there.
#include "tests/host/wire.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

sockaddr_ll link(unsigned index, std::uint16_t type) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(type);
  address.sll_ifindex = static_cast<int>(index);
  address.sll_halen = 6;
  std::fill_n(address.sll_addr, 6, std::uint8_t{0xff});
  return address;
}

Address v4_at(const Bytes& frame, std::size_t at) {
  return Address::v4(std::uint32_t{frame[at]} << 24 | std::uint32_t{frame[at + 1]} << 16 |
                     std::uint32_t{frame[at + 2]} << 8 | frame[at + 3]);
}

struct Target {
  sockaddr_storage storage{};
  socklen_t length = 0;
  bool is_v4 = true;

  Target(const std::string& to, std::uint16_t port) {
    is_v4 = to.find(':') == std::string::npos;
    if (is_v4) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      *v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
      ::inet_pton(AF_INET, to.c_str(), &v4->sin_addr);
      length = sizeof *v4;
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      ::inet_pton(AF_INET6, to.c_str(), &v6->sin6_addr);
      length = sizeof *v6;
    }
  }

  void send(int type, int protocol, const Bytes& message) const {
    const Fd socket(checked(::socket(is_v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, protocol),
                            "open a socket"));
    checked(static_cast<int>(::sendto(socket.get(), message.data(), message.size(), 0,
                                      reinterpret_cast<const sockaddr*>(&storage), length)),
            "sendto");
  }
};

}  // namespace

Ear::Ear(const std::string& interface, std::uint16_t ethernet_type)
    : index_(interface_named(interface).index),
      type_(ethernet_type),
      socket_(checked(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a packet socket")) {
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  checked(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
          "patience");
  const sockaddr_ll here = link(index_, type_);
  checked(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), "bind");
}

Bytes Ear::next() const {
  Bytes frame(65536);
  for (;;) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const auto count = ::recvfrom(socket_.get(), frame.data(), frame.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &length);
    if (count < 0) {
      ADD_FAILURE() << "nothing was heard within 5 seconds";
      return {};
    }
    if (from.sll_pkttype == PACKET_OUTGOING) continue;
    frame.resize(static_cast<std::size_t>(count));
    return frame;
  }
}

void Ear::shout(const Bytes& message) const {
  const sockaddr_ll everybody = link(index_, type_);
  checked(
      static_cast<int>(::sendto(socket_.get(), message.data(), message.size(), 0,
                                reinterpret_cast<const sockaddr*>(&everybody), sizeof everybody)),
      "sendto");
}

Arp Arp::parse(const Bytes& frame) {
  Arp arp;
  if (frame.size() < 28) return arp;
  arp.operation = frame[7];
  std::copy_n(frame.begin() + 8, 6, arp.sender_mac.begin());
  arp.sender = v4_at(frame, 14);
  std::copy_n(frame.begin() + 18, 6, arp.target_mac.begin());
  arp.target = v4_at(frame, 24);
  return arp;
}

Bytes Arp::bytes() const {
  Bytes frame(28);
  frame[1] = 1, frame[2] = 8, frame[4] = 6, frame[5] = 4;
  frame[7] = static_cast<std::uint8_t>(operation);
  std::copy_n(sender_mac.begin(), 6, frame.begin() + 8);
  std::copy_n(sender.bytes().begin() + 12, 4, frame.begin() + 14);
  std::copy_n(target_mac.begin(), 6, frame.begin() + 18);
  std::copy_n(target.bytes().begin() + 12, 4, frame.begin() + 24);
  return frame;
}

void send_udp(const std::string& to, std::uint16_t port, std::size_t length) {
  Target(to, port).send(SOCK_DGRAM, 0, Bytes(length));
}

void send_icmp(const std::string& to, int type) {
  const Target target(to, 0);
  Bytes message(64);
  message[0] = static_cast<std::uint8_t>(type);
  if (target.is_v4) {
    const std::uint32_t sum =
        0xffffu - (std::uint32_t{message[0]} << 8);  // of a message that is zero else
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum & 0xff);
  }
  target.send(SOCK_RAW, target.is_v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}, message);
}

}  // namespace poise::realnet
