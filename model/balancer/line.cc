// Cutting a stream into lines and a line into tokens.
#include "model/balancer/line.h"

#include <algorithm>
#include <utility>

#include "model/hash.h"

namespace poise {

std::size_t LineBuffer::take(std::span<const std::uint8_t> bytes) {
  if (complete_ || overflown_) return overflown_ ? bytes.size() : 0;
  const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t{'\n'});
  const auto length = static_cast<std::size_t>(end - bytes.begin());
  if (text_.size() + length > kLineMax + 1) {  // one more for a "\r"
    overflown_ = true;
    text_.clear();
    return bytes.size();
  }
  text_.append(reinterpret_cast<const char*>(bytes.data()), length);
  complete_ = end != bytes.end();
  return length + (complete_ ? 1 : 0);
}

std::optional<std::string> LineBuffer::line() {
  if (!complete_) return std::nullopt;
  complete_ = false;
  if (!text_.empty() && text_.back() == '\r') text_.pop_back();
  return std::exchange(text_, {});
}

std::uint64_t LineBuffer::digest() const {
  return Digest().add(text_).add(complete_).add(overflown_).value();
}

Tokens split(std::string_view line) {
  Tokens tokens;
  while (true) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) return tokens;
    line.remove_prefix(start);
    if (tokens.count + 1 == kTokenMax) {
      tokens.token[tokens.count++] = line;
      return tokens;
    }
    const std::size_t length = std::min(line.find(' '), line.size());
    tokens.token[tokens.count++] = line.substr(0, length);
    line.remove_prefix(length);
  }
}

std::string printable(std::string_view text, std::size_t length) {
  std::string result(text.substr(0, length));
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

}  // namespace poise
