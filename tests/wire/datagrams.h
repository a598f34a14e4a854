// Datagrams that the tests of this room share: one of each kind, and vectors built by scapy 2.5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/wire/build.h"
#include "model/wire/encapsulation.h"
#include "model/wire/icmp.h"

namespace poise::wire {

using Bytes = std::vector<std::uint8_t>;

inline Address address(std::string_view text) {
  return Address::parse(text).value();
}

inline const Endpoint kClient4{address("10.0.0.1"), 4000};
inline const Endpoint kVip4{address("10.255.0.1"), 80};
inline const Endpoint kClient6{address("2001:db8::1"), 4000};
inline const Endpoint kVip6{address("2001:db8::2"), 80};
inline const std::vector<std::uint8_t> kPayload{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

inline Endpoint client(Family family) {
  return family == Family::v4 ? kClient4 : kClient6;
}
inline Endpoint vip(Family family) {
  return family == Family::v4 ? kVip4 : kVip6;
}

inline Bytes syn(Family family) {
  return build(TcpSegment{.source = client(family), .destination = vip(family), .mss = 1460});
}

inline Bytes data(Family family) {
  return build(TcpSegment{.source = client(family),
                          .destination = vip(family),
                          .sequence = 1,
                          .acknowledgment = 7,
                          .flags = tcp_flag::kPsh | tcp_flag::kAck,
                          .window = 512,
                          .payload = kPayload});
}

inline Bytes udp(Family family) {
  return build(
      UdpDatagram{.source = client(family), .destination = vip(family), .payload = kPayload});
}

inline Bytes echo(Family family) {
  return build(IcmpEcho{.source = client(family).address,
                        .destination = vip(family).address,
                        .id = 1,
                        .sequence = 2,
                        .payload = kPayload});
}

// "Packet too big" from the client's side about a datagram that a backend sent from the VIP.
inline Bytes too_big(Family family, const Bytes& offending) {
  Datagram datagram;
  Bytes bytes(kIcmpErrorMax);
  if (parse(offending, datagram) != Malformed::none) return {};
  bytes.resize(build_icmp_error(IcmpError::packet_too_big, offending, datagram,
                                family == Family::v4 ? address("10.0.0.254") : address("fe80::9"),
                                1280, bytes));
  return bytes;
}

// A datagram with headroom, as a world lends it.
class Lent {
 public:
  explicit Lent(const Bytes& bytes) : memory_(kHeadroom + bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), memory_.begin() + kHeadroom);
    packet_ = Packet(memory_, kHeadroom, bytes.size());
  }
  Packet& packet() { return packet_; }
  Bytes bytes() const {
    const Packet& view = packet_;
    return {view.bytes().begin(), view.bytes().end()};
  }

 private:
  Bytes memory_;
  Packet packet_;
};

inline Bytes encapsulated(Encapsulation encapsulation, Family outer, const Bytes& inner,
                          std::uint16_t entropy = 50000) {
  const bool v4 = outer == Family::v4;
  const TunnelHeader header(encapsulation, address(v4 ? "10.0.9.1" : "2001:db8:9::1"),
                            address(v4 ? "10.0.1.1" : "2001:db8:1::1"));
  Lent lent(inner);
  header.apply(lent.packet(), entropy);
  return lent.bytes();
}

inline constexpr Encapsulation kEncapsulations[] = {Encapsulation::caplance, Encapsulation::gue,
                                                    Encapsulation::ipip, Encapsulation::gre};
inline constexpr Family kFamilies[] = {Family::v4, Family::v6};

// One of everything that parses.
inline std::vector<Bytes> menagerie() {
  std::vector<Bytes> all;
  for (const Family family : kFamilies) {
    for (const Bytes& bytes : {syn(family), data(family), udp(family), echo(family)}) {
      all.push_back(bytes);
      all.push_back(too_big(family, bytes));
      for (const Encapsulation encapsulation : kEncapsulations)
        for (const Family outer : kFamilies)
          all.push_back(encapsulated(encapsulation, outer, bytes));
    }
    const Bytes big = build(UdpDatagram{.source = client(family),
                                        .destination = vip(family),
                                        .payload = std::vector<std::uint8_t>(200)});
    for (const Bytes& part : fragment(big, 120, 7)) all.push_back(part);
  }
  return all;
}

inline Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

}  // namespace poise::wire
