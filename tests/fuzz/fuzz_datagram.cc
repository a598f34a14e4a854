// Any bytes parse, describe, strip, clamp and answer without a crash, and what parses says what is
// so.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "model/check.h"
#include "model/flow/flow_key.h"
#include "model/packet.h"
#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "model/wire/describe.h"
#include "model/wire/encapsulation.h"
#include "model/wire/icmp.h"
#include "model/wire/rewrite.h"

namespace {

using namespace poise;
using wire::Malformed;

// What is checked of a datagram that was read.
void check(std::span<const std::uint8_t> bytes, const wire::Datagram& datagram) {
  POISE_CHECK(datagram.total_size <= bytes.size());
  POISE_CHECK(datagram.transport_offset <= datagram.total_size);
  POISE_CHECK(std::size_t{datagram.payload_offset} + datagram.payload_size <= datagram.total_size);
  POISE_CHECK(datagram.source.family() == datagram.family);
  static_cast<void>(key_of(datagram));
  static_cast<void>(wire::has_right_transport_checksum(bytes, datagram));
  static_cast<void>(wire::read_mss(bytes, datagram));
  std::vector<std::uint8_t> answer(wire::kIcmpErrorMax);
  const Address from =
      datagram.family == Family::v4 ? Address::v4(0x0a000001) : datagram.destination;
  answer.resize(
      wire::build_icmp_error(wire::IcmpError::packet_too_big, bytes, datagram, from, 1400, answer));
  wire::Datagram error;
  if (!answer.empty()) POISE_CHECK(wire::parse(answer, error) == Malformed::none);
}

// Every tunnel takes it in and gives it back, byte for byte but for a congestion mark.
void tunnel(std::span<const std::uint8_t> bytes, const wire::Datagram& datagram) {
  std::vector<std::uint8_t> memory(kHeadroom + datagram.total_size);
  for (const auto encapsulation : {wire::Encapsulation::caplance, wire::Encapsulation::gue,
                                   wire::Encapsulation::ipip, wire::Encapsulation::gre}) {
    std::copy_n(bytes.begin(), datagram.total_size, memory.begin() + kHeadroom);
    Packet packet(memory, kHeadroom, datagram.total_size);
    const wire::TunnelHeader header(encapsulation, Address::v4(1), Address::v4(2));
    if (!header.fits(packet)) continue;
    header.apply(packet, 50000);
    POISE_CHECK(wire::decapsulate(encapsulation, packet) == Malformed::none);
    POISE_CHECK(std::ranges::equal(packet.bytes(), bytes.first(datagram.total_size)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::span<const std::uint8_t> bytes(data, size);
  static_cast<void>(wire::describe(bytes));
  std::vector<std::uint8_t> memory(kHeadroom + size);
  for (const auto encapsulation : {wire::Encapsulation::caplance, wire::Encapsulation::gue,
                                   wire::Encapsulation::ipip, wire::Encapsulation::gre}) {
    std::ranges::copy(bytes, memory.begin() + kHeadroom);
    Packet packet(memory, kHeadroom, size);
    if (wire::decapsulate(encapsulation, packet) != Malformed::none)
      POISE_CHECK(packet.size() == size);
  }
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != Malformed::none) return 0;
  check(bytes, datagram);
  tunnel(bytes, datagram);
  std::ranges::copy(bytes, memory.begin() + kHeadroom);
  Packet packet(memory, kHeadroom, size);
  if (wire::clamp_mss(packet, datagram, 1000))
    POISE_CHECK(wire::read_mss(packet.bytes(), datagram) == 1000);
  static_cast<void>(wire::make_echo_reply(packet, datagram));
  return 0;
}
