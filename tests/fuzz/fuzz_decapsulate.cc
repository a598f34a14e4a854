// A tunnel packet is stripped whole or left alone; what was stripped goes in again and comes out
// the same.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/check.h"
#include "model/wire/encapsulation.h"

namespace {

using namespace poise;
using wire::Encapsulation;

void strip(Encapsulation encapsulation, std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> memory(kHeadroom);
  memory.insert(memory.end(), bytes.begin(), bytes.end());
  Packet packet(memory, kHeadroom, bytes.size());
  if (wire::decapsulate(encapsulation, packet) != wire::Malformed::none) {
    POISE_CHECK(
        std::equal(bytes.begin(), bytes.end(), packet.bytes().begin(), packet.bytes().end()));
    return;
  }
  POISE_CHECK(packet.size() + wire::overhead(encapsulation, Family::v4) <= bytes.size());
  const std::vector<std::uint8_t> inner(packet.bytes().begin(), packet.bytes().end());
  const wire::TunnelHeader header(encapsulation, Address::v4(0x0a000901), Address::v4(0x0a000101));
  if (!header.fits(packet)) return;
  header.apply(packet, 50000);
  POISE_CHECK(wire::decapsulate(encapsulation, packet) == wire::Malformed::none);
  POISE_CHECK(std::equal(inner.begin(), inner.end(), packet.bytes().begin(), packet.bytes().end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const Encapsulation encapsulation :
       {Encapsulation::caplance, Encapsulation::gue, Encapsulation::ipip, Encapsulation::gre})
    strip(encapsulation, {data, size});
  return 0;
}
