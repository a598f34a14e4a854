// Everything a balancer or an agent counts: one enumerator, one name, one place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace poise {

// The reasons for Verdict::drop come first, then what happened otherwise.
enum class Count : std::uint8_t {
  drop_malformed,        // no IP datagram of ours to read (wire::Malformed says why)
  drop_source_route,     // IPv4 source routing, refused
  drop_ttl,              // TTL or hop limit 0
  drop_no_backend,       // nobody may be chosen
  drop_fragment_orphan,  // a later fragment whose first was not seen
  drop_too_big,          // does not fit the path with its tunnel; the sender was told
  drop_icmp_unmatched,   // an ICMP error about no flow that we know or could choose for
  drop_stranger,         // agent: a tunnel from an address that is no balancer of ours
  drop_not_vip,          // agent: a tunnelled datagram for none of our VIPs
  drop_probe,            // agent: a probe, taken from the data path on purpose
  drop_no_room,          // an answer of ours found the outbox full
  passed,                // not ours
  forwarded,
  flow_tracked,    // found in the flow table
  flow_chosen,     // chosen anew, by the policy
  flow_moved,      // of a tracked flow whose backend may not keep it
  flow_untracked,  // chosen, but the flow table's gate refused to keep it
  icmp_forwarded,
  fragments_forwarded,
  fragmented,  // inner datagrams cut in two because they did not fit
  too_big_answers,
  mss_clamped,
  mirrored,        // copies sent to the other replica of a pair
  mirror_no_room,  // copies that found no room in the outbox
  lines,
  lines_invalid,  // answered with INVALID
  lines_too_long,
  peers_refused,
  registrations,
  registrations_refused,
  registrations_failed,  // the data path was not proved in time
  probes_sent,
  heartbeats,
  backends_lost,  // by silence
  streams_lost,
  takeovers,  // of a pair, by its other replica
  fenced,     // announcements of an epoch that is over
  count_      // how many there are
};

inline constexpr std::size_t kCountNumber = static_cast<std::size_t>(Count::count_);

std::string_view to_string(Count count);

class Counters {
 public:
  void add(Count count, std::uint64_t n = 1) noexcept {
    values_[static_cast<std::size_t>(count)] += n;
  }
  std::uint64_t operator[](Count count) const { return values_[static_cast<std::size_t>(count)]; }
  std::uint64_t dropped() const;
  std::uint64_t digest() const;

 private:
  std::array<std::uint64_t, kCountNumber> values_{};
};

}  // namespace poise
