// Packet sockets for ARP and neighbour solicitations.
#include "realnet/tcp/vip_presence.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "model/check.h"
#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

namespace {

using std::chrono::milliseconds;

constexpr std::array kRounds{milliseconds{0}, milliseconds{50}, milliseconds{200}};
constexpr std::size_t kFramesMax = 64;  // that are read at once

sockaddr_ll at(const Interface& interface, std::uint16_t ethertype) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ethertype);
  address.sll_ifindex = static_cast<int>(interface.index);
  return address;
}

// Neighbour solicitations alone; the offsets are of the IPv6 header.
void filter_solicitations(int socket) {
  std::array<sock_filter, 6> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  checked(::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter),
          "filter a packet socket");
}

}  // namespace

VipPresence::VipPresence(boost::asio::io_context& io, std::vector<Address> vips,
                         const Interface& interface, std::function<bool()> may_speak,
                         std::function<void(std::string)> log)
    : io_(io),
      vips_(std::move(vips)),
      interface_(interface),
      may_speak_(std::move(may_speak)),
      log_(std::move(log)),
      timer_(io) {
  POISE_CHECK(interface.has_neighbours);
  const auto is_v4 = [](const Address& vip) { return vip.is_v4(); };
  if (std::ranges::any_of(vips_, is_v4)) sockets_.push_back(open(ETH_P_ARP));
  if (!std::ranges::all_of(vips_, is_v4)) sockets_.push_back(open(ETH_P_IPV6));
  for (Socket& socket : sockets_) wait(socket);
}

VipPresence::Socket VipPresence::open(std::uint16_t ethertype) {
  // Of no protocol until its filter stands: nothing unwanted is queued.
  Fd fd(checked(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                "open a packet socket"));
  if (ethertype == ETH_P_IPV6) {
    filter_solicitations(fd.get());
    join_solicited(fd.get());
  }
  const sockaddr_ll address = at(interface_, ethertype);
  checked(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
          "listen on " + interface_.name);
  return {boost::asio::posix::stream_descriptor(io_, fd.release()), ethertype};
}

void VipPresence::join_solicited(int socket) {
  for (const Address& vip : vips_) {
    if (vip.is_v4()) continue;
    const Mac group = solicited_node(vip);
    packet_mreq request{};
    request.mr_ifindex = static_cast<int>(interface_.index);
    request.mr_type = PACKET_MR_MULTICAST;
    request.mr_alen = group.size();
    std::copy(group.begin(), group.end(), request.mr_address);
    checked(::setsockopt(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request),
            "listen for solicitations on " + interface_.name);
  }
}

void VipPresence::wait(Socket& socket) {
  socket.descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               [this, &socket](const boost::system::error_code& error) {
                                 if (error) return;
                                 read(socket);
                                 wait(socket);
                               });
}

void VipPresence::read(Socket& socket) {
  std::array<std::uint8_t, 2048> bytes;
  for (std::size_t i = 0; i < kFramesMax; ++i) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t size = ::recvfrom(socket.descriptor.native_handle(), bytes.data(), bytes.size(),
                                    0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0) return;
    if (!present_ || from.sll_pkttype == PACKET_OUTGOING) continue;
    Mac mac;
    std::copy_n(from.sll_addr, mac.size(), mac.begin());
    const auto frame = std::span(bytes).first(static_cast<std::size_t>(size));
    const auto question =
        socket.ethertype == ETH_P_ARP ? read_arp(frame) : read_solicitation(frame, mac);
    if (question && std::ranges::find(vips_, question->target) != vips_.end() && may_speak_())
      send(answer(*question, interface_.mac));
  }
}

void VipPresence::appear() {
  present_ = true;
  announce(0);
}

void VipPresence::vanish() {
  present_ = false;
  timer_.cancel();
}

void VipPresence::announce(std::size_t round) {
  for (const Address& vip : vips_)
    for (const VipFrame& frame : announcement(vip, interface_.mac)) send(frame);
  if (++round == kRounds.size()) return;
  timer_.expires_after(kRounds[round] - kRounds[round - 1]);
  timer_.async_wait([this, round](const boost::system::error_code& error) {
    if (!error && present_ && may_speak_()) announce(round);
  });
}

void VipPresence::send(const VipFrame& frame) {
  sockaddr_ll to = at(interface_, frame.ethertype);
  to.sll_halen = static_cast<unsigned char>(frame.to.size());
  std::copy(frame.to.begin(), frame.to.end(), to.sll_addr);
  for (Socket& socket : sockets_) {
    if (socket.ethertype != frame.ethertype) continue;
    const auto sent =
        ::sendto(socket.descriptor.native_handle(), frame.bytes.data(), frame.bytes.size(), 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
    if (sent < 0) log_(SystemError("tell " + interface_.name + " of a VIP", errno).what());
  }
}

}  // namespace poise::realnet
