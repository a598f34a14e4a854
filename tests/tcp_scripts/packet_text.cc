// The fields of a packet line, and how an expectation is compared with what came.
#include "tests/tcp_scripts/packet_text.h"

#include <algorithm>

namespace poise::tcp::script {

namespace {

// [ect0, port 4001, bad checksum, fragment, header 4]
void parse_brackets(std::string_view text, PacketText& packet) {
  for (const std::string& part : split(text, ',')) {
    Cursor words(part);
    const std::string word = words.take_word();
    if (word == "noecn" || word == "ect0" || word == "ect1" || word == "ce") {
      packet.ecn = word;
    } else if (word == "port") {
      packet.port = static_cast<std::uint16_t>(words.take_number(65535));
    } else if (word == "from") {
      packet.from = words.take_word();
    } else if (word == "bad") {
      words.must_take("checksum");
      packet.bad_checksum = true;
    } else if (word == "fragment") {
      packet.is_fragment = true;
    } else if (word == "header") {
      packet.header_words = static_cast<std::uint8_t>(words.take_number(15));
    } else {
      throw Wrong("`" + part + "` is not noecn, ect0, ect1, ce, port N, from WHOM, bad " +
                  "checksum, fragment, header N");
    }
  }
}

bool options_fit(std::string_view expected, std::string_view actual) {
  if (expected == "...") return true;
  const auto wanted = split(expected, ','), there = split(actual, ',');
  if (wanted.size() != there.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto want = split(wanted[i], ' '), have = split(there[i], ' ');
    if (!std::equal(want.begin(), want.end(), have.begin(), have.end(), fits)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    const std::string_view part = scene::trim(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t tilde = pattern.find('~');
  if (pattern == "*" || pattern == text) return true;
  if (tilde == std::string_view::npos || text.find_first_not_of("0123456789") != text.npos)
    return false;
  const std::uint64_t value = scene::number(text, UINT64_MAX);
  return value >= scene::number(pattern.substr(0, tilde), UINT64_MAX) &&
         value <= scene::number(pattern.substr(tilde + 1), UINT64_MAX);
}

std::string PacketText::to_string() const {
  std::string text;
  if (port != kPort) text += "port " + std::to_string(port);
  if (!ecn.empty() && ecn != "noecn") text += (text.empty() ? "" : ", ") + ecn;
  if (!text.empty()) text = "[" + text + "] ";
  text += flags + " " + sequence;
  if (!ack.empty()) text += " ack " + ack;
  if (!win.empty()) text += " win " + win;
  if (!urg.empty()) text += " urg " + urg;
  if (!options.empty()) text += " <" + options + ">";
  return text;
}

PacketText parse_packet(Cursor& line) {
  PacketText packet;
  if (line.take("[")) parse_brackets(line.take_until("]"), packet);
  packet.flags = line.take_word();
  if (packet.flags == "-") packet.flags.clear();
  if (packet.flags.find_first_not_of("SFRP.UEW") != std::string::npos)
    throw Wrong("`" + packet.flags + "` are not flags of SFRP.UEW");
  packet.sequence = line.take_word();
  if (packet.sequence.find_first_not_of("-0123456789:()") != std::string::npos)
    throw Wrong("`" + packet.sequence + "` is not FROM:TO(SIZE)");
  while (!line.at_end()) {
    if (line.take("<")) {
      packet.options = line.take_until(">");
      continue;
    }
    const std::string word = line.take_word();
    std::string* field = word == "ack"   ? &packet.ack
                         : word == "win" ? &packet.win
                         : word == "urg" ? &packet.urg
                                         : nullptr;
    if (!field) throw Wrong("`" + word + "` is not ack, win, urg or <options>");
    *field = line.take_word();
  }
  return packet;
}

std::string difference(const PacketText& expected, const PacketText& actual) {
  const auto say = [](const char* what, const std::string& want, const std::string& have) {
    return std::string(what) + (want.empty() ? "none" : want) + ", but " +
           (have.empty() ? "none" : have) + " came";
  };
  const auto sorted = [](std::string flags) {
    std::sort(flags.begin(), flags.end());
    return flags;
  };
  if (expected.port != actual.port)
    return say("port ", std::to_string(expected.port), std::to_string(actual.port));
  if (sorted(expected.flags) != sorted(actual.flags))
    return say("flags ", expected.flags, actual.flags);
  if (expected.sequence != actual.sequence)
    return say("sequence ", expected.sequence, actual.sequence);
  if (!fits(expected.ack, actual.ack)) return say("ack ", expected.ack, actual.ack);
  if (!expected.win.empty() && !fits(expected.win, actual.win))
    return say("win ", expected.win, actual.win);
  if (!expected.ecn.empty() && expected.ecn != actual.ecn)
    return say("the ECN field ", expected.ecn, actual.ecn);
  if (!options_fit(expected.options, actual.options))
    return say("options ", expected.options, actual.options);
  return {};
}

}  // namespace poise::tcp::script
