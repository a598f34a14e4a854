// Any TCP datagram is read within its bytes; what was read of it is written and read the same.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/check.h"
#include "model/tcp/segment/segment.h"
#include "model/wire/checksum.h"

namespace {

using namespace poise;
using namespace poise::tcp;

void check(const Segment& segment, std::span<const std::uint8_t> bytes) {
  POISE_CHECK(segment.payload.size() <= bytes.size());
  POISE_CHECK(segment.payload.data() >= bytes.data() &&
              segment.payload.data() + segment.payload.size() <= bytes.data() + bytes.size());
  POISE_CHECK(segment.options.sack_count <= kSackBlocksMax);
  POISE_CHECK(segment.options.window_scale.value_or(0) <= 14 && segment.options.mss != 0);
  const auto reset = reset_for(segment);
  POISE_CHECK(reset.has_value() != segment.has(wire::tcp_flag::kRst));
  POISE_CHECK(!reset || !reset_for(*reset));
}

// Blocks that did not fit are gone; all else is there.
void check_same(const Segment& a, const Segment& b) {
  POISE_CHECK(a.sequence == b.sequence && a.acknowledgment == b.acknowledgment);
  POISE_CHECK(a.flags == b.flags && a.window == b.window && a.urgent == b.urgent);
  POISE_CHECK(a.ecn == b.ecn && a.options.mss == b.options.mss);
  POISE_CHECK(a.options.window_scale == b.options.window_scale);
  POISE_CHECK(a.options.sack_permitted == b.options.sack_permitted);
  POISE_CHECK(a.options.timestamps == b.options.timestamps);
  POISE_CHECK(b.options.sack_count <= a.options.sack_count);
  POISE_CHECK(std::equal(b.options.sacks.begin(), b.options.sacks.begin() + b.options.sack_count,
                         a.options.sacks.begin()));
  POISE_CHECK(std::ranges::equal(a.payload, b.payload));
}

void write_again(const Segment& segment, const FlowKey& key, Personality personality) {
  const std::size_t header_size = key.source.is_v4() ? 40 : 60;
  const std::size_t size = header_size + options_size(segment.options) + segment.payload.size();
  std::vector<std::uint8_t> memory(size);
  const std::size_t cut = segment.payload.size() / 3;
  const Envelope envelope{key, personality};
  const std::size_t written = write_segment(memory, envelope, segment, segment.payload.first(cut),
                                            segment.payload.subspan(cut));
  if (written == 0) {  // it had no room for options that are padded now
    POISE_CHECK(size > 65535);
    return;
  }
  POISE_CHECK(written == size);
  wire::Datagram datagram;
  POISE_CHECK(wire::parse(memory, datagram) == wire::Malformed::none);
  POISE_CHECK(wire::has_right_transport_checksum(memory, datagram));
  check_same(segment, read_segment(memory, datagram));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes{data, size};
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none) return 0;
  if (!datagram.is_tcp() || datagram.is_later_fragment()) return 0;
  const Segment segment = read_segment(bytes, datagram);
  check(segment, bytes);
  const FlowKey key = key_of(datagram);
  write_again(segment, key, Personality::linux_);
  write_again(segment, key, Personality::freebsd);
  return 0;
}
