// The wire format of Protocol Buffers, as far as the replication stream needs it: fields written
// in the order of their numbers, and read in any.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "model/check.h"

namespace poise::tcp::protobuf {

using Bytes = std::span<const std::uint8_t>;

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

// What stands before a field: its number and its type.
constexpr std::uint32_t tag_of(std::uint32_t number, WireType type) {
  return number << 3 | static_cast<std::uint32_t>(type);
}

constexpr std::size_t kVarintMax = 10;

constexpr std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// REQUIRES: room for varint_size(value) bytes. Returns what lies behind it.
inline std::uint8_t* put_varint(std::uint8_t* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<std::uint8_t>(value | 0x80);
  *at++ = static_cast<std::uint8_t>(value);
  return at;
}

// Small fields of one message, put together on the stack: no allocation, no copy but one.
class FieldWriter {
 public:
  static constexpr std::size_t kCapacity = 256;
  static constexpr std::size_t kFieldMax = 2 + kVarintMax;

  // With explicit presence: written whatever the value is.
  void varint(std::uint32_t number, std::uint64_t value) {
    std::uint8_t* at = begin(number, WireType::varint);
    end(put_varint(at, value));
  }
  void fixed32(std::uint32_t number, std::uint32_t value) {
    std::uint8_t* at = begin(number, WireType::fixed32);
    std::memcpy(at, &value, 4);  // both are little-endian
    end(at + 4);
  }
  // The head of a delimited field, whose `size` bytes follow.
  void delimited(std::uint32_t number, std::size_t size) {
    std::uint8_t* at = begin(number, WireType::delimited);
    end(put_varint(at, size));
  }
  void bytes(std::uint32_t number, Bytes content) {
    delimited(number, content.size());
    POISE_CHECK(size_ + content.size() <= kCapacity);
    std::memcpy(bytes_.data() + size_, content.data(), content.size());
    size_ += content.size();
  }
  template <class T>
  void optional(std::uint32_t number, const std::optional<T>& value) {
    if (value) varint(number, static_cast<std::uint64_t>(*value));
  }

  // With implicit presence: zero is not written.
  void number(std::uint32_t number, std::uint64_t value) {
    if (value != 0) varint(number, value);
  }
  void number32(std::uint32_t number, std::uint32_t value) {
    if (value != 0) fixed32(number, value);
  }

  Bytes written() const { return {bytes_.data(), size_}; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* begin(std::uint32_t number, WireType type) {
    POISE_CHECK(size_ + kFieldMax <= kCapacity);
    return put_varint(bytes_.data() + size_, tag_of(number, type));
  }
  void end(const std::uint8_t* at) { size_ = static_cast<std::size_t>(at - bytes_.data()); }

  std::size_t size_ = 0;
  std::array<std::uint8_t, kCapacity> bytes_;  // only the first size_ are ever read
};

inline void append(std::string& out, Bytes bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

struct Field {
  std::uint32_t tag = 0;
  std::uint64_t value = 0;  // varint, fixed32, fixed64
  Bytes bytes;              // delimited; where they were read
};

// The fields of one message. Total: what is no field sets failed() and ends them. Groups, which
// Protocol Buffers gave up long ago, count as such.
class FieldReader {
 public:
  explicit FieldReader(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool next(Field& field) {
    if (at_ == end_ || failed_) return false;
    std::uint64_t tag = 0;
    if (!varint(tag) || tag < 8 || tag > 0xffffffffu) return fail();
    field.tag = static_cast<std::uint32_t>(tag);
    switch (static_cast<WireType>(tag & 7)) {
      case WireType::varint:
        return varint(field.value) || fail();
      case WireType::fixed32:
        return fixed<std::uint32_t>(field.value) || fail();
      case WireType::fixed64:
        return fixed<std::uint64_t>(field.value) || fail();
      case WireType::delimited:
        return delimited(field.bytes) || fail();
    }
    return fail();
  }
  bool failed() const { return failed_; }

 private:
  bool fail() {
    failed_ = true;
    return false;
  }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 7 * kVarintMax; shift += 7) {
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  template <class T>
  bool fixed(std::uint64_t& value) {
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) return false;
    T read;
    std::memcpy(&read, at_, sizeof read);
    at_ += sizeof read;
    value = read;
    return true;
  }
  bool delimited(Bytes& bytes) {
    std::uint64_t size = 0;
    if (!varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) return false;
    bytes = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace poise::tcp::protobuf
