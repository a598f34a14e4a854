// Any bytes are parsed, described, answered and rewritten without a step beyond them, and the facts
// agree.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/check.h"
#include "model/flow/flow_key.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/describe.h"
#include "model/wire/icmp.h"
#include "model/wire/rewrite.h"

namespace {

using namespace poise;

struct Copy {
  explicit Copy(std::span<const std::uint8_t> bytes) : memory(kHeadroom + bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), memory.begin() + kHeadroom);
    packet = Packet(memory, kHeadroom, bytes.size());
  }
  std::vector<std::uint8_t> memory;
  Packet packet;
};

void check_facts(std::span<const std::uint8_t> bytes, const wire::Datagram& d) {
  POISE_CHECK(d.total_size <= bytes.size());
  POISE_CHECK(d.transport_offset <= d.payload_offset);
  POISE_CHECK(d.payload_offset + std::size_t{d.payload_size} <= d.total_size);
  POISE_CHECK(d.source.family() == d.family && d.destination.family() == d.family);
  POISE_CHECK(!d.is_later_fragment() || (d.source_port == 0 && !d.is_icmp_error));
  FlowHasher hash;
  hash(key_of(d));
}

void check_answers(std::span<const std::uint8_t> bytes, const wire::Datagram& d) {
  std::uint8_t memory[wire::kIcmpErrorMax];
  for (const auto error : {wire::IcmpError::packet_too_big, wire::IcmpError::time_exceeded}) {
    const std::size_t size = build_icmp_error(error, bytes, d, d.destination, 1400, memory);
    if (size == 0) continue;
    wire::Datagram answer;
    const std::span<const std::uint8_t> built(memory, size);
    POISE_CHECK(wire::parse(built, answer) == wire::Malformed::none);
    POISE_CHECK(answer.is_icmp_error && wire::has_right_transport_checksum(built, answer));
    if (!d.is_icmp_error) {
      // What is said about a datagram belongs to the flow in the other direction.
      const FlowKey key = key_of(d), about = key_of(answer);
      POISE_CHECK(about.source == key.destination && about.destination == key.source);
      POISE_CHECK(about.source_port == key.destination_port && about.protocol == key.protocol);
    }
  }
}

void check_rewrites(std::span<const std::uint8_t> bytes, const wire::Datagram& d) {
  const bool was_right = wire::has_right_transport_checksum(bytes, d);
  Copy copy(bytes);
  if (wire::clamp_mss(copy.packet, d, 536)) {
    wire::Datagram after;
    POISE_CHECK(wire::parse(copy.packet.bytes(), after) == wire::Malformed::none);
    POISE_CHECK(wire::read_mss(copy.packet.bytes(), after) == 536);
    if (was_right) POISE_CHECK(wire::has_right_transport_checksum(copy.packet.bytes(), after));
  }
  if (d.ttl != 0) {
    wire::decrement_ttl(copy.packet);
    wire::Datagram after;
    POISE_CHECK(wire::parse(copy.packet.bytes(), after) == wire::Malformed::none);
    POISE_CHECK(after.ttl == d.ttl - 1);
  }
  Copy echo(bytes);
  wire::make_echo_reply(echo.packet, d);
}

void check_all(std::span<const std::uint8_t> bytes) {
  POISE_CHECK(!wire::describe(bytes).empty());
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none) return;
  check_facts(bytes, datagram);
  check_answers(bytes, datagram);
  check_rewrites(bytes, datagram);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_all({data, size});
  // Behind a checksum that no mutation would guess there is more to see.
  std::vector<std::uint8_t> mended(data, data + size);
  const std::size_t header_size = size == 0 ? 0 : (data[0] & 0xfu) * 4u;
  if (size < 20 || data[0] >> 4 != 4 || header_size < 20 || header_size > size) return 0;
  wire::store16(mended.data() + 10, 0);
  wire::store16(mended.data() + 10, wire::checksum(std::span(mended).first(header_size)));
  check_all(mended);
  return 0;
}
