// What is said about a VIP to its neighbours, in ARP (RFC 826) and neighbour discovery (RFC 4861),
// as bytes behind an Ethernet header.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/address.h"

namespace poise::realnet {

using Mac = std::array<std::uint8_t, 6>;
inline constexpr Mac kEverybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct VipFrame {
  Mac to{};
  std::uint16_t ethertype = 0;
  std::vector<std::uint8_t> bytes;
};

// The VIP is here now. IPv4: a gratuitous request and a reply, as neighbours differ in which they
// believe (RFC 5227, 2.3; RFC 5944, 4.6). IPv6: an unsolicited advertisement that overrides.
std::vector<VipFrame> announcement(const Address& vip, const Mac& own);

// Who is asked for, by an ARP request or a neighbour solicitation; nothing: it is neither.
struct Question {
  Address target;
  Address asker;  // unspecified: it wants to know whether the address is free
  Mac asker_mac{};
};
std::optional<Question> read_arp(std::span<const std::uint8_t> bytes);
// `from`: of the Ethernet header.
std::optional<Question> read_solicitation(std::span<const std::uint8_t> bytes, const Mac& from);

VipFrame answer(const Question& question, const Mac& own);

// Where solicitations for an IPv6 address are sent (RFC 4291, 2.7.1; RFC 2464, 7).
Mac solicited_node(const Address& address);

}  // namespace poise::realnet
