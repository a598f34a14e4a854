// Lines of a control stream: cut from bytes that arrive in any pieces, bounded, split into tokens.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace poise {

inline constexpr std::size_t kLineMax = 512;  // bytes of a line, its end not counted
inline constexpr std::size_t kTokenMax = 8;

// Collects the bytes of one stream and gives its lines, without "\n" or "\r\n". A line longer than
// kLineMax makes the buffer `overflown` for good: its owner says so to the peer and hangs up.
class LineBuffer {
 public:
  // Takes bytes up to the end of the first line in them; gives how many it took. Call until all are
  // taken, and ask for the line after each call.
  std::size_t take(std::span<const std::uint8_t> bytes);
  std::optional<std::string> line();
  bool overflown() const { return overflown_; }
  std::uint64_t digest() const;

 private:
  std::string text_;
  bool complete_ = false;
  bool overflown_ = false;
};

// The tokens of a line, separated by runs of spaces; what follows the last place joins the last
// token.
struct Tokens {
  std::array<std::string_view, kTokenMax> token;
  std::size_t count = 0;

  std::string_view operator[](std::size_t i) const {
    return i < count ? token[i] : std::string_view{};
  }
};
Tokens split(std::string_view line);

// Text of a peer made fit to print and to send back: what is not printable ASCII becomes '?', and
// no more than `length` bytes of it.
std::string printable(std::string_view text, std::size_t length = 64);

}  // namespace poise
