// Reading and writing addresses as text (RFC 4291 section 2.2, RFC 5952).
#include "model/address.h"

#include <charconv>
#include <cstdio>

namespace poise {
namespace {

std::optional<std::uint32_t> parse_quad(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (part == 3)) return std::nullopt;
    const std::string_view digits = text.substr(0, dot);
    if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0'))
      return std::nullopt;
    unsigned octet = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet);
    if (error != std::errc{} || end != digits.data() + digits.size() || octet > 255)
      return std::nullopt;
    value = value << 8 | octet;
    text = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  }
  return value;
}

// Reads colon-separated groups of one side of "::" into `groups`; gives their number.
std::optional<int> parse_groups(std::string_view text, std::array<std::uint16_t, 8>& groups) {
  int count = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const std::optional<std::uint32_t> quad = parse_quad(group);
      if (!quad || count > 6) return std::nullopt;
      groups[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(*quad >> 16);
      groups[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(*quad);
      return count;
    }
    if (group.empty() || group.size() > 4 || count == 8) return std::nullopt;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (error != std::errc{} || end != group.data() + group.size()) return std::nullopt;
    groups[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(value);
    if (colon == std::string_view::npos) return count;
    text = text.substr(colon + 1);
    if (text.empty()) return std::nullopt;  // a trailing single colon
  }
  return count;
}

std::optional<Address> parse_v6(std::string_view text) {
  std::array<std::uint16_t, 8> head{}, tail{};
  const std::size_t gap = text.find("::");
  const std::optional<int> head_count = parse_groups(text.substr(0, gap), head);
  if (!head_count) return std::nullopt;
  int tail_count = 0;
  if (gap == std::string_view::npos) {
    if (*head_count != 8) return std::nullopt;
  } else {
    const std::optional<int> count = parse_groups(text.substr(gap + 2), tail);
    if (!count || *head_count + *count > 7) return std::nullopt;
    tail_count = *count;
  }
  for (int i = 0; i < tail_count; ++i)
    head[static_cast<std::size_t>(8 - tail_count + i)] = tail[static_cast<std::size_t>(i)];
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[2 * i] = static_cast<std::uint8_t>(head[i] >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>(head[i]);
  }
  return Address::v6(bytes);
}

std::string format_v6(const std::array<std::uint8_t, 16>& bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  std::size_t best = 8, best_length = 1;  // the first longest run of two or more zero groups
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > best_length) best = i, best_length = length;
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char group[5];
    const auto [end, error] = std::to_chars(group, group + 5, groups[i], 16);
    text.append(group, end);
  }
  return text;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  const std::optional<std::uint32_t> quad = parse_quad(text);
  return quad ? std::optional(Address::v4(*quad)) : std::nullopt;
}

std::string Address::to_string() const {
  if (!is_v4()) return format_v6(bytes_);
  char text[16];
  std::snprintf(text, sizeof text, "%u.%u.%u.%u", bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
  return text;
}

std::string Endpoint::to_string() const {
  const std::string host = address.is_v4() ? address.to_string() : '[' + address.to_string() + ']';
  return host + ':' + std::to_string(port);
}

}  // namespace poise
