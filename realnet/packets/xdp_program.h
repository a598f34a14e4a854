// The kernel's side of AF_XDP: a BPF program that picks out what a ring takes.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <vector>

namespace poise::realnet {

// Ethernet frames longer than this stay with the kernel: they do not fit a ring's frame.
inline constexpr std::int32_t kXdpFrameMax = 3840;

// The key of a map of targets, as the program builds it; ports in network order, 0: every one.
struct XdpKey {
  std::array<std::uint8_t, 16> destination;
  std::uint16_t port;
  std::uint8_t protocol;
  std::uint8_t zero;
};
static_assert(sizeof(XdpKey) == 20);

// For BPF_PROG_TYPE_XDP. `mac`: the device's own, as it will stay; `targets`: a hash map of XdpKey;
// `sockets`: an XSKMAP by the device's receive queue. A whole IP datagram to a target, in one plain
// Ethernet frame to this MAC, without IPv4 options or IPv6 extension headers, goes to the socket of
// its queue; fragments, ICMP, VLANs, frames for other hosts that a switch floods, queues without a
// socket and all the rest go on as if nothing was there. Needs CAP_BPF and CAP_NET_ADMIN alone.
std::vector<bpf_insn> xdp_program(const std::array<std::uint8_t, 6>& mac, int targets, int sockets);

}  // namespace poise::realnet
