// A script: who is configured how, and what happens and is expected when.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/time.h"
#include "tests/tcp_scripts/packet_text.h"
#include "tests/tcp_scripts/setup.h"

namespace poise::tcp::script {

// When: `0.5` since the script began, `+.5` after the step before, `+.5~+.7` between, `*` ever.
struct When {
  bool is_relative = true;
  Duration from{}, to{};
  bool is_exact() const { return from == to; }
};

struct Step {
  enum class Kind : std::uint8_t {
    inbound,   // `packet` comes from the peer
    outbound,  // `packet` leaves, as the next one
    icmp,      // an error about `packet` comes
    verb,      // `words` are done, or looked at
  };
  int line = 0;
  std::string text;  // as it stands
  When when;
  Kind kind = Kind::verb;
  PacketText packet;
  std::string icmp;  // frag_needed, port_unreachable
  std::uint32_t mtu = 0;
  std::vector<std::string> words;
};

struct Script {
  std::string law;  // the first line
  Setup setup;
  std::vector<Step> steps;
};

// Throws Wrong with "line N: ...".
Script parse(std::string_view text, Family family);
// Which families a script is about: both, unless it says `only`.
bool is_about(std::string_view text, Family family);

}  // namespace poise::tcp::script
