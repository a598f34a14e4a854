// From a segment to bytes: headers as words whose sum is taken in registers, and the payload copied
// and summed in one pass.
#include <algorithm>

#include "model/check.h"
#include "model/tcp/segment/option.h"
#include "model/tcp/segment/segment.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/ip_header.h"

namespace poise::tcp {
namespace {

constexpr std::size_t kHeaderSize = 20;
constexpr std::size_t kOptionsMax = 40;

// Writes big-endian words and adds them up: 2^16 is 1 in one's complement, so a word counts as its
// two halves do.
class Words {
 public:
  explicit Words(std::uint8_t* at) : at_(at) {}
  void put(std::uint32_t word) {
    wire::store32(at_, word);
    at_ += 4;
    sum_ += word;
  }
  std::uint8_t* at() const { return at_; }
  std::uint64_t sum() const { return sum_; }

 private:
  std::uint8_t* at_;
  std::uint64_t sum_ = 0;
};

// A SYN acknowledges nothing out of order, and has no room for it.
std::size_t sacks_that_fit(const Options& options, std::size_t size_before) {
  if (options.sack_permitted) return 0;
  return std::min<std::size_t>(
      {options.sack_count, kSackBlocksMax, (kOptionsMax - 4 - size_before) / 8});
}

std::size_t size_without_sacks(const Options& options) {
  std::size_t size = options.mss ? 4 : 0;
  if (options.window_scale) size += 4;
  if (options.timestamps)
    size += 12;
  else if (options.sack_permitted)
    size += 4;
  return size;
}

void put_timestamps(Words& words, const Options& options) {
  words.put(options.sack_permitted ? option::kPermittedTimestamps : option::kPaddedTimestamps);
  words.put(options.timestamps->value);
  words.put(options.timestamps->echo);
}

// tcp_options_write() of Linux: SACK permitted stands where the timestamps' padding would.
void put_as_linux(Words& words, const Options& options) {
  if (options.timestamps)
    put_timestamps(words, options);
  else if (options.sack_permitted)
    words.put(option::kPaddedPermitted);
  if (options.window_scale) words.put(option::kPaddedWindowScale | *options.window_scale);
}

// tcp_addoptions() of FreeBSD: each option goes to the next place that aligns its value, and the
// list ends with EOL.
void put_as_freebsd(Words& words, const Options& options) {
  if (options.window_scale) words.put(option::kPaddedWindowScale | *options.window_scale);
  if (options.timestamps)
    put_timestamps(words, options);
  else if (options.sack_permitted)
    words.put(option::kPermittedEnd);
}

void put_options(Words& words, const Options& options, Personality personality) {
  if (options.mss) words.put(option::kMssWord | *options.mss);
  personality == Personality::linux_ ? put_as_linux(words, options)
                                     : put_as_freebsd(words, options);
  const std::size_t sacks = sacks_that_fit(options, size_without_sacks(options));
  if (sacks == 0) return;
  words.put(option::kPaddedSack | static_cast<std::uint32_t>(2 + 8 * sacks));
  for (std::size_t i = 0; i < sacks; ++i) {
    words.put(options.sacks[i].begin);
    words.put(options.sacks[i].end);
  }
}

}  // namespace

std::size_t options_size(const Options& options) {
  const std::size_t size = size_without_sacks(options);
  const std::size_t sacks = sacks_that_fit(options, size);
  return size + (sacks > 0 ? 4 + 8 * sacks : 0);
}

std::size_t write_segment(std::span<std::uint8_t> memory, const Envelope& envelope,
                          const Segment& segment, std::span<const std::uint8_t> payload,
                          std::span<const std::uint8_t> more) noexcept {
  const FlowKey& key = envelope.key;
  POISE_CHECK(key.source.family() == key.destination.family());
  const std::size_t ip_size = wire::ip_header_size(key.source.family());
  const std::size_t header_size = kHeaderSize + options_size(segment.options);
  const std::size_t tcp_size = header_size + payload.size() + more.size();
  const std::size_t tcp_size_max = key.source.is_v4() ? 65535 - ip_size : 65535;
  if (tcp_size > tcp_size_max || ip_size + tcp_size > memory.size()) return 0;

  wire::write_ip_header(memory.data(), key.destination, key.source, wire::protocol::kTcp, tcp_size,
                        {.ttl = envelope.ttl, .tos = segment.ecn});
  std::uint8_t* header = memory.data() + ip_size;
  Words words(header);
  words.put(std::uint32_t{key.destination_port} << 16 | key.source_port);
  words.put(segment.sequence);
  words.put(segment.acknowledgment);
  words.put(static_cast<std::uint32_t>(header_size / 4) << 28 | std::uint32_t{segment.flags} << 16 |
            segment.window);
  words.put(segment.urgent);
  put_options(words, segment.options, envelope.personality);
  std::uint64_t sum =
      words.sum() + wire::pseudo_header_sum(key.destination, key.source, wire::protocol::kTcp,
                                            static_cast<std::uint32_t>(tcp_size));
  sum = wire::checksum_copy(words.at(), payload, sum);
  std::uint64_t rest = wire::checksum_copy(words.at() + payload.size(), more);
  // What begins in the middle of a 16-bit word counts with its bytes exchanged (RFC 1071, 2 B).
  if (payload.size() % 2 != 0) rest = wire::checksum_swap(rest);
  wire::store16(header + 16, wire::checksum_finish(sum + rest));
  return ip_size + tcp_size;
}

}  // namespace poise::tcp
