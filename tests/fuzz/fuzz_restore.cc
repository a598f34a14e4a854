// Any bytes are a snapshot or not; what is one is written as it was read, and leaves a balancer
// within its bounds, with deadlines in the future.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/balancer/balancer.h"
#include "model/balancer/snapshot_merge.h"
#include "model/check.h"
#include "model/hash.h"
#include "model/policy/policy.h"

namespace {

using namespace poise;

struct Sink {
  void transmit(const Packet&) {}
  void send(const Message&) {}
  void notice(const Notice& notice) { POISE_CHECK(!notice.kind.empty()); }
  void wake_at(Instant at) { deadline = at; }
  Instant deadline = kNever;
};

// A fuzzer does not guess checks: it is put right, so that what lies behind it is read.
std::vector<std::uint8_t> with_check(std::vector<std::uint8_t> bytes) {
  if (bytes.size() < 8) return bytes;
  const std::size_t size = bytes.size() - 8;
  const std::uint64_t check =
      Digest().add(std::span<const std::uint8_t>(bytes).first(size)).value();
  for (std::size_t i = 0; i < 8; ++i) bytes[size + i] = static_cast<std::uint8_t>(check >> (8 * i));
  return bytes;
}

void restore(std::span<const std::uint8_t> bytes) {
  BalancerConfig config;
  config.address = Address::v4(0x0a000001);
  config.vips = {{Address::v4(0x0aff0001), 6, 80}};
  config.flow_count_max = 4;
  config.backend_count_max = 3;
  Balancer balancer(config, policy::make({}));
  Sink sink;
  Instant now{std::chrono::seconds{5}};
  const RestoreOutcome outcome = balancer.on_restore(now, bytes);
  std::string error;
  const auto snapshot = read_snapshot(bytes, error);
  POISE_CHECK((outcome == RestoreOutcome::restored) == snapshot.has_value());
  if (snapshot) POISE_CHECK(read_snapshot(write_snapshot(*snapshot), error).has_value());
  POISE_CHECK(balancer.backends().size() <= config.backend_count_max);
  POISE_CHECK(balancer.flows().occupied() <= config.flow_count_max);
  for (int i = 0; i < 50; ++i) {
    drain(balancer, sink);
    if (sink.deadline == kNever) break;
    now = std::max(now, sink.deadline);
    balancer.on_timer(now);
    drain(balancer, sink);
    POISE_CHECK(sink.deadline > now);
  }
  POISE_CHECK(read_snapshot(balancer.snapshot(now), error).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  restore(bytes);
  const std::vector<std::uint8_t> checked = with_check(bytes);
  restore(checked);
  const std::span<const std::byte> region = std::as_bytes(std::span<const std::uint8_t>(bytes));
  const MergedSnapshot merged =
      merge_snapshot(Instant{std::chrono::seconds{5}}, checked, {&region, 1});
  POISE_CHECK(merged.error.empty() != merged.bytes.empty());
  return 0;
}
