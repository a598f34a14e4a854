// ARP and neighbour discovery, as far as a VIP needs them.
#include "realnet/tcp/vip_frames.h"

#include <linux/if_ether.h>

#include <algorithm>

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/datagram.h"

namespace poise::realnet {

namespace {

constexpr std::uint8_t kRequest = 1, kReply = 2;
constexpr std::uint8_t kSolicitation = 135, kAdvertisement = 136;
constexpr std::size_t kArpSize = 28, kIpv6Header = 40, kSolicitationSize = 24;
constexpr std::uint8_t kNdHops = 255;  // a receiver refuses what crossed a router
const Address kAllNodes = *Address::parse("ff02::1");
constexpr Mac kAllNodesMac{0x33, 0x33, 0, 0, 0, 1};

//   hardware 1 | protocol 0x0800 | 6 | 4 | operation
//   sender's MAC | sender's IP | target's MAC | target's IP
std::vector<std::uint8_t> arp(std::uint8_t operation, const Mac& from_mac, const Address& from,
                              const Mac& to_mac, const Address& to) {
  std::vector<std::uint8_t> bytes{0, 1, 8, 0, 6, 4, 0, operation};
  bytes.resize(kArpSize);
  std::copy(from_mac.begin(), from_mac.end(), bytes.begin() + 8);
  wire::store32(bytes.data() + 14, from.as_v4());
  std::copy(to_mac.begin(), to_mac.end(), bytes.begin() + 18);
  wire::store32(bytes.data() + 24, to.as_v4());
  return bytes;
}

//   IPv6 header | 136 | 0 | checksum | flags R S O | target | option 2: our MAC
std::vector<std::uint8_t> advertisement(const Address& vip, const Mac& own, const Address& to,
                                        bool solicited) {
  constexpr std::uint8_t kSolicited = 0x40, kOverride = 0x20;
  std::vector<std::uint8_t> bytes(kIpv6Header + 32);
  bytes[0] = 0x60;
  wire::store16(bytes.data() + 4, 32);
  bytes[6] = wire::protocol::kIcmpv6;
  bytes[7] = kNdHops;
  wire::store_address(bytes.data() + 8, vip);
  wire::store_address(bytes.data() + 24, to);
  std::uint8_t* body = bytes.data() + kIpv6Header;
  body[0] = kAdvertisement;
  body[4] = static_cast<std::uint8_t>(kOverride | (solicited ? kSolicited : 0));
  wire::store_address(body + 8, vip);
  body[24] = 2;
  body[25] = 1;  // in units of 8 bytes
  std::copy(own.begin(), own.end(), body + 26);
  const std::uint64_t sum = wire::pseudo_header_sum(vip, to, wire::protocol::kIcmpv6, 32);
  wire::store16(body + 2, wire::checksum_finish(wire::checksum_sum(std::span(body, 32), sum)));
  return bytes;
}

Mac mac_at(const std::uint8_t* at) {
  Mac mac;
  std::copy_n(at, mac.size(), mac.begin());
  return mac;
}

}  // namespace

std::vector<VipFrame> announcement(const Address& vip, const Mac& own) {
  if (!vip.is_v4()) return {{kAllNodesMac, ETH_P_IPV6, advertisement(vip, own, kAllNodes, false)}};
  return {{kEverybody, ETH_P_ARP, arp(kRequest, own, vip, {}, vip)},
          {kEverybody, ETH_P_ARP, arp(kReply, own, vip, own, vip)}};
}

std::optional<Question> read_arp(std::span<const std::uint8_t> bytes) {
  constexpr std::array<std::uint8_t, 8> kHead{0, 1, 8, 0, 6, 4, 0, kRequest};
  if (bytes.size() < kArpSize || !std::equal(kHead.begin(), kHead.end(), bytes.begin()))
    return std::nullopt;
  return Question{wire::load_v4(bytes.data() + 24), wire::load_v4(bytes.data() + 14),
                  mac_at(bytes.data() + 8)};
}

std::optional<Question> read_solicitation(std::span<const std::uint8_t> bytes, const Mac& from) {
  if (bytes.size() < kIpv6Header + kSolicitationSize || bytes[0] >> 4 != 6 ||
      bytes[6] != wire::protocol::kIcmpv6 || bytes[7] != kNdHops ||
      bytes[kIpv6Header] != kSolicitation || bytes[kIpv6Header + 1] != 0)
    return std::nullopt;
  return Question{wire::load_v6(bytes.data() + kIpv6Header + 8), wire::load_v6(bytes.data() + 8),
                  from};
}

VipFrame answer(const Question& question, const Mac& own) {
  const bool is_probe = question.asker.is_unspecified();
  if (question.target.is_v4())
    return {question.asker_mac, ETH_P_ARP,
            arp(kReply, own, question.target, question.asker_mac, question.asker)};
  if (is_probe)
    return {kAllNodesMac, ETH_P_IPV6, advertisement(question.target, own, kAllNodes, false)};
  return {question.asker_mac, ETH_P_IPV6,
          advertisement(question.target, own, question.asker, true)};
}

Mac solicited_node(const Address& address) {
  const auto& bytes = address.bytes();
  return {0x33, 0x33, 0xff, bytes[13], bytes[14], bytes[15]};
}

}  // namespace poise::realnet
