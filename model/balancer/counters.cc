// The names of the counters.
#include "model/balancer/counters.h"

#include "model/hash.h"

namespace poise {
namespace {

constexpr std::array<std::string_view, kCountNumber> kNames = {
    "drop_malformed",
    "drop_source_route",
    "drop_ttl",
    "drop_no_backend",
    "drop_fragment_orphan",
    "drop_too_big",
    "drop_icmp_unmatched",
    "drop_stranger",
    "drop_not_vip",
    "drop_probe",
    "drop_no_room",
    "passed",
    "forwarded",
    "flow_tracked",
    "flow_chosen",
    "flow_moved",
    "flow_untracked",
    "icmp_forwarded",
    "fragments_forwarded",
    "fragmented",
    "too_big_answers",
    "mss_clamped",
    "mirrored",
    "mirror_no_room",
    "lines",
    "lines_invalid",
    "lines_too_long",
    "peers_refused",
    "registrations",
    "registrations_refused",
    "registrations_failed",
    "probes_sent",
    "heartbeats",
    "backends_lost",
    "streams_lost",
    "takeovers",
    "fenced",
};
static_assert(!kNames.back().empty(), "every counter has its name");

}  // namespace

std::string_view to_string(Count count) {
  return kNames[static_cast<std::size_t>(count)];
}

std::uint64_t Counters::dropped() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Count::passed); ++i)
    if (static_cast<Count>(i) != Count::drop_no_room) sum += values_[i];
  return sum;
}

std::uint64_t Counters::digest() const {
  Digest digest;
  for (const std::uint64_t value : values_) digest.add(value);
  return digest.value();
}

}  // namespace poise
