// From a packet line to a datagram's bytes and back, with numbers relative to both initial ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/address.h"
#include "tests/tcp_scripts/packet_text.h"

namespace poise::tcp::script {

// Where the numbers of a flow begin. Ours are learnt from the first SYN that leaves, and the
// timestamps from the first segment that has them: they then count milliseconds of the script.
struct Numbering {
  std::uint32_t theirs = 0;
  std::optional<std::uint32_t> ours;
  std::optional<std::uint32_t> timestamp;
  bool timestamp_is_of_syn = false;  // may be rounded (cookies): the next one counts
  std::uint32_t last_timestamp = 0;  // of what left last
};

struct Ends {
  Endpoint ours, theirs;
};

// The byte at an offset of either stream.
std::uint8_t pattern_at(std::uint64_t offset);

// Written here, without model/tcp/segment: what a script sends is not what our own writer thinks.
// Throws Wrong.
std::vector<std::uint8_t> encode(const PacketText& packet, const Ends& ends,
                                 const Numbering& numbering);
// An ICMP error (`kind`: frag_needed, port_unreachable) about what we sent at `sequence`.
std::vector<std::uint8_t> encode_icmp(const std::string& kind, std::uint32_t mtu,
                                      const PacketText& about, const Ends& ends,
                                      const Numbering& numbering);

// Of a datagram that left at `milliseconds` of the script; learns numbers. Throws Wrong when it is
// no datagram with right checksums, or its payload is not the stream's.
PacketText decode(std::span<const std::uint8_t> bytes, Numbering& numbering,
                  std::int64_t milliseconds);
// Of a script's own packet, for the history: as it stood, with its numbers.
std::uint16_t peer_port(std::span<const std::uint8_t> bytes);

}  // namespace poise::tcp::script
