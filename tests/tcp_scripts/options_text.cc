// TCP options: one byte of kind, one of length, then what it says.
#include "tests/tcp_scripts/options_text.h"

#include <charconv>

#include "model/wire/bytes.h"

namespace poise::tcp::script {

namespace {

using Bytes = std::vector<std::uint8_t>;

enum Kind : std::uint8_t { eol = 0, nop, mss, window_scale, sack_permitted, sack, timestamps = 8 };

void put32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void put_hex(Bytes& out, std::string_view digits) {
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    std::uint8_t value = 0;
    const auto read = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    if (read.ec != std::errc{}) throw Wrong("`" + std::string(digits) + "` is not hexadecimal");
    out.push_back(value);
  }
}

void put_timestamps(Bytes& out, Cursor& line, const Numbering& numbering) {
  line.must_take("val");
  const auto value = static_cast<std::uint32_t>(line.take_number());
  line.must_take("ecr");
  out.insert(out.end(), {timestamps, 10});
  put32(out, value);
  if (line.take("last"))
    put32(out, numbering.last_timestamp);
  else if (line.take("raw"))
    put32(out, static_cast<std::uint32_t>(line.take_number()));
  else
    put32(out, numbering.timestamp.value_or(0) + static_cast<std::uint32_t>(line.take_number()));
}

void put_sack(Bytes& out, Cursor& line, const Numbering& numbering) {
  const std::size_t at = out.size();
  out.insert(out.end(), {sack, 2});
  while (!line.at_end()) {
    put32(out, numbering.ours.value_or(0) + static_cast<std::uint32_t>(line.take_number()));
    line.must_take(":");
    put32(out, numbering.ours.value_or(0) + static_cast<std::uint32_t>(line.take_number()));
  }
  out[at + 1] = static_cast<std::uint8_t>(out.size() - at);
}

std::string timestamps_text(const std::uint8_t* bytes, Numbering& numbering,
                            std::int64_t milliseconds, bool is_syn) {
  const std::uint32_t value = wire::load32(bytes);
  if (!numbering.timestamp || (numbering.timestamp_is_of_syn && !is_syn)) {
    numbering.timestamp = value - static_cast<std::uint32_t>(milliseconds);
    numbering.timestamp_is_of_syn = is_syn;
  }
  numbering.last_timestamp = value;
  return "TS val " + std::to_string(static_cast<std::int32_t>(value - *numbering.timestamp)) +
         " ecr " + std::to_string(wire::load32(bytes + 4));
}

std::string sack_text(std::span<const std::uint8_t> bytes, const Numbering& numbering) {
  std::string text = "sack";
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8)
    text += " " + std::to_string(wire::load32(bytes.data() + i) - numbering.theirs) + ":" +
            std::to_string(wire::load32(bytes.data() + i + 4) - numbering.theirs);
  return text;
}

std::string hex_text(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "hex ";
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

Bytes encode_options(const std::string& text, const Numbering& numbering) {
  Bytes out;
  for (const std::string& option : split(text, ',')) {
    Cursor line(option);
    const std::string word = line.take_word();
    if (word == "eol") {
      out.push_back(eol);
    } else if (word == "nop") {
      out.push_back(nop);
    } else if (word == "mss") {
      const auto value = static_cast<std::uint16_t>(line.take_number(65535));
      out.insert(out.end(),
                 {mss, 4, static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
    } else if (word == "wscale") {
      out.insert(out.end(), {window_scale, 3, static_cast<std::uint8_t>(line.take_number(255))});
    } else if (word == "sackOK") {
      out.insert(out.end(), {sack_permitted, 2});
    } else if (word == "TS") {
      put_timestamps(out, line, numbering);
    } else if (word == "sack") {
      put_sack(out, line, numbering);
    } else if (word == "hex") {
      put_hex(out, line.take_word());
    } else {
      throw Wrong("`" + option + "` is no option that can be written");
    }
  }
  while (out.size() % 4 != 0) out.push_back(eol);
  if (out.size() > 40) throw Wrong("`" + text + "` takes more than 40 bytes");
  return out;
}

std::string decode_options(std::span<const std::uint8_t> bytes, Numbering& numbering,
                           std::int64_t milliseconds, bool is_syn) {
  std::string text;
  const auto add = [&](const std::string& option) { text += (text.empty() ? "" : ",") + option; };
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint8_t kind = bytes[at];
    if (kind == eol || kind == nop) {
      add(kind == eol ? "eol" : "nop");
      ++at;
      continue;
    }
    const std::size_t size = at + 1 < bytes.size() ? bytes[at + 1] : 0;
    if (size < 2 || size > bytes.size() - at) {
      add(hex_text(bytes.subspan(at)));
      break;
    }
    const auto value = bytes.subspan(at + 2, size - 2);
    if (kind == mss && size == 4)
      add("mss " + std::to_string(wire::load16(value.data())));
    else if (kind == window_scale && size == 3)
      add("wscale " + std::to_string(value[0]));
    else if (kind == sack_permitted && size == 2)
      add("sackOK");
    else if (kind == timestamps && size == 10)
      add(timestamps_text(value.data(), numbering, milliseconds, is_syn));
    else if (kind == sack)
      add(sack_text(value, numbering));
    else
      add(hex_text(bytes.subspan(at, size)));
    at += size;
  }
  return text;
}

}  // namespace poise::tcp::script
