// Writing and reading the small words of files: bytes, little-endian words, LEB128, lengths before
// bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace poise {

class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value) {
    bytes_.push_back(value);
    return *this;
  }
  ByteWriter& u64(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  ByteWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8(static_cast<std::uint8_t>(value | 0x80));
    return u8(static_cast<std::uint8_t>(value));
  }
  template <class Bytes>
  ByteWriter& raw(const Bytes& bytes) {
    const std::size_t before = bytes_.size();
    bytes_.resize(before + bytes.size());
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(before));
    return *this;
  }
  template <class Bytes>
  ByteWriter& sized(const Bytes& bytes) {
    return varint(bytes.size()).raw(bytes);
  }

  void clear() { bytes_.clear(); }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

// Total: what is not there is read as 0, and the reader has failed from then on.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes = {}) : bytes_(bytes) {}

  std::uint8_t u8() {
    const auto one = raw(1);
    return one.empty() ? std::uint8_t{0} : one[0];
  }
  std::uint64_t u64() {
    std::uint64_t value = 0;
    const auto eight = raw(8);
    for (std::size_t i = eight.size(); i-- > 0;) value = value << 8 | eight[i];
    return value;
  }
  // Of at most 63 bits.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
      const std::uint8_t byte = u8();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  // Of at most `most`.
  std::uint64_t varint(std::uint64_t most) {
    const std::uint64_t value = varint();
    return value <= most ? value : fail();
  }
  // Of things that follow, each of a byte at least.
  std::uint64_t count() {
    const std::uint64_t value = varint();
    return value <= left() ? value : run_out();
  }
  std::span<const std::uint8_t> raw(std::size_t size) {
    if (failed_ || size > left()) {
      run_out();
      return {};
    }
    offset_ += size;
    return bytes_.subspan(offset_ - size, size);
  }
  std::span<const std::uint8_t> sized() { return raw(varint()); }

  std::uint64_t fail() {
    failed_ = true;
    return 0;
  }
  bool failed() const { return failed_; }
  bool ran_out() const { return ran_out_; }  // failed for want of bytes
  std::size_t offset() const { return offset_; }
  std::size_t left() const { return bytes_.size() - offset_; }

 private:
  std::uint64_t run_out() {
    ran_out_ = ran_out_ || !failed_;
    return fail();
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t offset_ = 0;
  bool failed_ = false, ran_out_ = false;
};

}  // namespace poise
