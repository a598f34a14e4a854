// Tunnel headers: prepared once, patched per packet. Stripping them is in decapsulation.cc.
#include "model/wire/encapsulation.h"

#include "model/check.h"
#include "model/random.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"

namespace poise::wire {
namespace {

constexpr std::uint8_t kOuterTtl = 64;

struct Name {
  Encapsulation encapsulation;
  std::string_view name;
};
constexpr Name kNames[] = {{Encapsulation::caplance, "caplance"},
                           {Encapsulation::gue, "gue"},
                           {Encapsulation::ipip, "ipip"},
                           {Encapsulation::gre, "gre"}};

bool is_udp(Encapsulation encapsulation) {
  return encapsulation == Encapsulation::caplance || encapsulation == Encapsulation::gue;
}

std::uint8_t outer_protocol(Encapsulation encapsulation) {
  if (is_udp(encapsulation)) return protocol::kUdp;
  return encapsulation == Encapsulation::gre ? protocol::kGre : protocol::kIpv4;
}

// Copies of known sizes compile to a few moves.
void copy_header(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  switch (size) {
    case 20:
      std::memcpy(to, from, 20);
      return;
    case 24:
      std::memcpy(to, from, 24);
      return;
    case 28:
      std::memcpy(to, from, 28);
      return;
    case 32:
      std::memcpy(to, from, 32);
      return;
    case 40:
      std::memcpy(to, from, 40);
      return;
    case 44:
      std::memcpy(to, from, 44);
      return;
    case 48:
      std::memcpy(to, from, 48);
      return;
    default:
      std::memcpy(to, from, 52);
      return;
  }
}

}  // namespace

std::string_view to_string(Encapsulation encapsulation) {
  for (const Name& entry : kNames)
    if (entry.encapsulation == encapsulation) return entry.name;
  return "unknown";
}

std::optional<Encapsulation> parse_encapsulation(std::string_view name) {
  for (const Name& entry : kNames)
    if (entry.name == name) return entry.encapsulation;
  return std::nullopt;
}

TunnelHeader::TunnelHeader(Encapsulation encapsulation, const Address& source,
                           const Address& destination)
    : size_(static_cast<std::uint8_t>(overhead(encapsulation, source.family()))),
      encapsulation_(encapsulation),
      outer_(source.family()),
      source_(source),
      destination_(destination) {
  POISE_CHECK(source.family() == destination.family());
  std::uint8_t* at = bytes_.data();
  std::uint8_t* after_ip = at + (outer_ == Family::v4 ? 20 : 40);
  if (outer_ == Family::v4) {
    at[0] = 0x45;
    at[6] = 0x40;  // DF
    at[8] = kOuterTtl;
    at[9] = outer_protocol(encapsulation);
    store_address(at + 12, source);
    store_address(at + 16, destination);
    ip_sum_ = checksum_fold(checksum_sum({at, 20}));
  } else {
    at[0] = 0x60;
    at[6] = outer_protocol(encapsulation);
    at[7] = kOuterTtl;
    store_address(at + 8, source);
    store_address(at + 24, destination);
  }
  if (is_udp(encapsulation))
    store16(after_ip + 2, encapsulation == Encapsulation::gue ? kGuePort : kCaplancePort);
  if (encapsulation == Encapsulation::gue) after_ip[9] = protocol::kIpv4;
  if (encapsulation == Encapsulation::gre) store16(after_ip + 2, 0x0800);
}

void TunnelHeader::apply(Packet& packet, std::uint16_t entropy) const noexcept {
  POISE_CHECK(fits(packet));
  const std::uint8_t* inner = packet.bytes().data();
  const bool inner_v6 = inner[0] >> 4 == 6;
  const std::uint8_t tos =
      inner_v6 ? static_cast<std::uint8_t>(inner[0] << 4 | inner[1] >> 4) : inner[1];
  std::uint8_t* at = packet.prepend(size_);
  copy_header(at, bytes_.data(), size_);

  const std::uint16_t total_size = static_cast<std::uint16_t>(packet.size());
  std::size_t ip_size = 20;
  if (outer_ == Family::v4) {
    std::uint32_t sum = ip_sum_ + tos + total_size;
    if (encapsulation_ == Encapsulation::ipip && inner_v6) {
      at[9] = protocol::kIpv6;
      sum += protocol::kIpv6 - protocol::kIpv4;  // the low half of the word TTL, protocol
    }
    at[1] = tos;
    store16(at + 2, total_size);
    store16(at + 10, checksum_finish(sum));
  } else {
    ip_size = 40;
    if (encapsulation_ == Encapsulation::ipip && inner_v6) at[6] = protocol::kIpv6;
    const std::uint32_t flow_label = mix64(entropy) & 0xfffffu;
    store32(at, 0x60000000u | static_cast<std::uint32_t>(tos) << 20 | flow_label);
    store16(at + 4, static_cast<std::uint16_t>(total_size - 40));
  }

  std::uint8_t* after_ip = at + ip_size;
  if (is_udp(encapsulation_)) {
    store16(after_ip, entropy);
    store16(after_ip + 4, static_cast<std::uint16_t>(total_size - ip_size));
    if (encapsulation_ == Encapsulation::gue && inner_v6) after_ip[9] = protocol::kIpv6;
  } else if (encapsulation_ == Encapsulation::gre && inner_v6) {
    store16(after_ip + 2, 0x86dd);
  }
}

}  // namespace poise::wire
