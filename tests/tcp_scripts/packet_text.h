// One packet as a script writes it: each field is the text that stood there, `*` and ranges too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/scenes/text.h"

namespace poise::tcp::script {

using scene::Cursor;
using scene::Wrong;

inline constexpr std::uint16_t kPort = 40000;  // the peer's, unless told

struct PacketText {
  std::string ecn;  // noecn, ect0, ect1, ce; empty: as usual, or not looked at
  std::uint16_t port = kPort;
  std::string from;  // of whom it pretends to be: multicast, nobody, loopback
  bool bad_checksum = false;
  bool is_fragment = false;
  std::optional<std::uint8_t> header_words;  // a data offset that is not the header's

  std::string flags;     // of "SFRP.UEW"
  std::string sequence;  // 1:1001(1000)
  std::string ack, win, urg;
  std::string options;  // as they lie in the header: "mss 1460,nop,wscale 7"; "...": any

  std::string to_string() const;
};

// What follows `<` or `>` in a line. Throws Wrong.
PacketText parse_packet(Cursor& line);

// What differs first, in words; empty when `actual` is what was expected. Fields that the script
// left out are not looked at, but flags, sequence numbers, acknowledgment and options.
std::string difference(const PacketText& expected, const PacketText& actual);

// `pattern` is `*`, a number, or a range of numbers low~high, or the text itself.
bool fits(std::string_view pattern, std::string_view text);

std::vector<std::string> split(std::string_view text, char at);

}  // namespace poise::tcp::script
