// Initial sequence numbers and SYN cookies, from SipHash under one key.
//
//   31            24 23      21 20                  0
//  +----------------+----------+---------------------+
//  | minute         | MSS step | seal                |  + offset of the flow + the client's
//  +----------------+----------+---------------------+    initial sequence number, modulo 2^32
//
// The seal is a hash of all that the cookie vouches for: of 2^32 numbers, 3 minutes * 8 steps are
// right, which is one guess in 180 million. A number near a right one is not, so that whoever
// acknowledges more than our SYN opens nothing. Minute, offset and the client's number make the
// cookie grow with time, as RFC 9293, 3.4.1 wants of initial sequence numbers.
//
//   the SYN-ACK's timestamp  31              6  5     4   3              0
//                           +-----------------+-----+----+----------------+
//                           | our clock       | ECN |SACK| window scale   |  15: no scaling
//                           +-----------------+-----+----+----------------+
#include "model/tcp/segment/initial_sequence.h"

#include <algorithm>
#include <array>
#include <bit>

namespace poise::tcp {
namespace {

namespace flag = wire::tcp_flag;

enum class Purpose : std::uint8_t { initial_sequence = 1, cookie_offset = 2, cookie_seal = 3 };

// What is hashed: the flow, and what else counts.
struct Input {
  FlowKey flow;
  std::uint64_t minute = 0;
  Seq irs = 0;
  std::uint8_t options = 0;
  std::uint8_t step = 0;
  Purpose purpose;
  std::uint8_t zero = 0;
};
static_assert(sizeof(Input) == 56);

std::uint64_t hash(SipKey key, const Input& input) {
  return siphash24(key, std::bit_cast<std::array<std::uint8_t, sizeof(Input)>>(input));
}

Seq offset_of(SipKey key, const FlowKey& flow, Purpose purpose) {
  return static_cast<Seq>(hash(key, {.flow = flow, .purpose = purpose}));
}

// IPv6's minimum, Ethernet's MSS of both families, and those of jumbo frames and loopback, each
// rounded down to what IPv6 leaves of it.
constexpr std::array<std::uint16_t, 8> kMssSteps{64, 536, 1220, 1360, 1440, 1460, 8940, 65476};
constexpr std::uint64_t kMinutesMax = 2;
constexpr int kMinuteShift = 24, kStepShift = 21;
constexpr std::uint32_t kStepMask = 7, kSealMask = (1u << kStepShift) - 1;

constexpr std::uint32_t kOptionsMask = 63;
constexpr std::uint8_t kNoScale = 15, kSackBit = 16, kEcnBit = 32, kNoTimestamps = 64;

std::uint32_t seal_of(SipKey key, const FlowKey& flow, std::uint64_t minute, Seq irs,
                      std::uint8_t options, std::uint32_t step) {
  return static_cast<std::uint32_t>(hash(key, {.flow = flow,
                                               .minute = minute,
                                               .irs = irs,
                                               .options = options,
                                               .step = static_cast<std::uint8_t>(step),
                                               .purpose = Purpose::cookie_seal})) &
         kSealMask;
}

std::uint8_t options_of(const Segment& syn, bool ecn) {
  if (!syn.options.timestamps) return kNoTimestamps;
  const std::uint8_t scale = std::min(syn.options.window_scale.value_or(kNoScale), kNoScale);
  return static_cast<std::uint8_t>(scale | (syn.options.sack_permitted ? kSackBit : 0) |
                                   (ecn ? kEcnBit : 0));
}

std::uint32_t step_of(std::uint16_t mss) {
  std::uint32_t step = kMssSteps.size() - 1;
  while (step > 0 && kMssSteps[step] > mss) --step;
  return step;
}

// The newest timestamp with these options in it that is not ahead of the clock.
std::uint32_t timestamp_of(std::uint32_t clock, std::uint8_t options) {
  const std::uint32_t timestamp = (clock & ~kOptionsMask) | options;
  return timestamp <= clock ? timestamp : timestamp - (kOptionsMask + 1);
}

}  // namespace

Seq initial_sequence(SipKey key, const FlowKey& flow, Instant now) {
  const auto ticks = static_cast<Seq>(to_ns(now) / 4000);
  return ticks + offset_of(key, flow, Purpose::initial_sequence);
}

Cookie make_cookie(SipKey key, const FlowKey& flow, const Segment& syn, std::uint64_t minutes,
                   std::uint32_t clock, bool ecn) {
  const std::uint8_t options = options_of(syn, ecn);
  const std::uint32_t step = step_of(syn.options.mss.value_or(default_mss(flow.source.family())));
  Cookie cookie;
  cookie.iss = offset_of(key, flow, Purpose::cookie_offset) + syn.sequence +
               (static_cast<std::uint32_t>(minutes) << kMinuteShift | step << kStepShift |
                seal_of(key, flow, minutes, syn.sequence, options, step));
  cookie.timestamp = options == kNoTimestamps ? clock : timestamp_of(clock, options);
  cookie.mss = kMssSteps[step];
  return cookie;
}

std::uint32_t cookie_timestamp(std::uint32_t clock, const Handshake& handshake) {
  Segment syn;
  syn.options.window_scale = handshake.window_scale;
  syn.options.sack_permitted = handshake.sack_permitted;
  syn.options.timestamps = Timestamps{};
  return timestamp_of(clock, options_of(syn, handshake.ecn));
}

std::optional<Handshake> open_cookie(SipKey key, const FlowKey& flow, const Segment& ack,
                                     std::uint64_t minutes) {
  if (!ack.has(flag::kAck) || ack.has(flag::kSyn | flag::kRst)) return std::nullopt;
  Handshake handshake;
  handshake.irs = ack.sequence - 1;
  handshake.iss = ack.acknowledgment - 1;
  const std::uint32_t cookie =
      handshake.iss - offset_of(key, flow, Purpose::cookie_offset) - handshake.irs;
  const std::uint32_t age = (static_cast<std::uint32_t>(minutes) - (cookie >> kMinuteShift)) & 0xff;
  if (age > kMinutesMax) return std::nullopt;

  const std::uint8_t options =
      ack.options.timestamps
          ? static_cast<std::uint8_t>(ack.options.timestamps->echo & kOptionsMask)
          : kNoTimestamps;
  const std::uint32_t step = cookie >> kStepShift & kStepMask;
  if (seal_of(key, flow, minutes - age, handshake.irs, options, step) != (cookie & kSealMask))
    return std::nullopt;
  handshake.mss = kMssSteps[step];
  if (options == kNoTimestamps) return handshake;
  handshake.timestamps = true;
  const std::uint8_t scale = options & kNoScale;
  if (scale != kNoScale) handshake.window_scale = scale;
  handshake.sack_permitted = (options & kSackBit) != 0;
  handshake.ecn = (options & kEcnBit) != 0;
  return handshake;
}

}  // namespace poise::tcp
