// A cookie opens to what it was made of; one that was tampered with opens to nothing that could not
// be.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "model/check.h"
#include "model/tcp/segment/initial_sequence.h"

namespace {

using namespace poise;
using namespace poise::tcp;
namespace flag = wire::tcp_flag;

// All that goes in, as it lies in the input; what is missing is zero.
struct Input {
  std::array<std::uint64_t, 2> key;
  std::array<std::uint8_t, 16> source, destination;
  std::uint64_t minute;
  std::uint32_t sequence, timestamp, clock;
  std::uint16_t source_port, destination_port, mss;
  std::uint8_t offers, scale;
  // What is done to the answer.
  std::uint32_t sequence_flip, acknowledgment_flip, echo_flip;
  std::uint8_t flags_flip, minutes_later;
};

Input read(const std::uint8_t* data, std::size_t size) {
  Input input{};
  if (size > 0) std::memcpy(static_cast<void*>(&input), data, std::min(size, sizeof input));
  return input;
}

Segment syn_of(const Input& input) {
  Segment syn;
  syn.sequence = input.sequence;
  syn.flags = flag::kSyn;
  if (input.offers & 1) syn.options.mss = input.mss;
  if (input.offers & 2) syn.options.timestamps = Timestamps{input.timestamp, 0};
  if (input.offers & 4) syn.options.window_scale = std::min<std::uint8_t>(input.scale, 14);
  syn.options.sack_permitted = (input.offers & 8) != 0;
  return syn;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = read(data, size);
  const SipKey key{input.key[0], input.key[1]};
  FlowKey flow;
  flow.source = Address::v6(input.source);
  flow.destination = Address::v6(input.destination);
  flow.source_port = input.source_port;
  flow.destination_port = input.destination_port;
  flow.protocol = wire::protocol::kTcp;
  const Segment syn = syn_of(input);
  const bool ecn = (input.offers & 16) != 0;

  const Cookie cookie = make_cookie(key, flow, syn, input.minute, input.clock, ecn);
  POISE_CHECK(input.clock - cookie.timestamp < 64);
  Segment ack;
  ack.flags = flag::kAck;
  ack.sequence = syn.sequence + 1;
  ack.acknowledgment = cookie.iss + 1;
  if (syn.options.timestamps) ack.options.timestamps = Timestamps{0, cookie.timestamp};
  const auto opened = open_cookie(key, flow, ack, input.minute);
  POISE_CHECK(opened && opened->irs == syn.sequence && opened->iss == cookie.iss);
  POISE_CHECK(opened->mss == cookie.mss);
  const bool more = syn.options.timestamps.has_value();
  POISE_CHECK(opened->timestamps == more);
  POISE_CHECK(opened->window_scale == (more ? syn.options.window_scale : std::nullopt));
  POISE_CHECK(opened->sack_permitted == (more && syn.options.sack_permitted));
  POISE_CHECK(opened->ecn == (more && ecn));

  ack.sequence ^= input.sequence_flip;
  ack.acknowledgment ^= input.acknowledgment_flip;
  if (ack.options.timestamps) ack.options.timestamps->echo ^= input.echo_flip;
  ack.flags = static_cast<std::uint8_t>(ack.flags ^ input.flags_flip);
  const auto other = open_cookie(key, flow, ack, input.minute + input.minutes_later);
  if (!other) return 0;
  POISE_CHECK(other->irs == ack.sequence - 1 && other->iss == ack.acknowledgment - 1);
  POISE_CHECK(other->mss >= 64 && other->window_scale.value_or(0) <= 14);
  POISE_CHECK(other->timestamps == more);
  return 0;
}
