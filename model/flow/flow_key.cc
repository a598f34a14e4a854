// Flow keys out of datagrams, and their hashes.
#include "model/flow/flow_key.h"

#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/hash.h"

namespace poise {
namespace {

// Keys are hashed as they lie in memory, so their layout is part of the hash.
static_assert(std::endian::native == std::endian::little);
static_assert(offsetof(FlowKey, destination) == 16 && offsetof(FlowKey, source_port) == 32 &&
              offsetof(FlowKey, destination_port) == 34 && offsetof(FlowKey, protocol) == 36);
constexpr std::size_t kAddresses = 32;
constexpr std::size_t kAddressesAndPorts = 36;
constexpr std::size_t kAll = 37;

constexpr SipKey kCaplanceKey{0xdeadbabe, 0};

char* write_decimal(char* at, std::uint32_t value) {
  char digits[10];
  int count = 0;
  do digits[count++] = static_cast<char>('0' + value % 10);
  while ((value /= 10) != 0);
  while (count != 0) *at++ = digits[--count];
  return at;
}

// "a.b.c.d:port" without a string's allocation.
std::uint64_t caplance_hash(const FlowKey& key) {
  constexpr std::string_view kHex = "0123456789abcdef";
  char text[32 + 1 + 5];
  char* at = text;
  const auto& bytes = key.source.bytes();
  if (key.source.is_v4()) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (i != 12) *at++ = '.';
      at = write_decimal(at, bytes[i]);
    }
  } else {
    for (const std::uint8_t byte : bytes) {
      *at++ = kHex[byte >> 4];
      *at++ = kHex[byte & 0xf];
    }
  }
  *at++ = ':';
  at = write_decimal(at, key.source_port);
  return siphash24(kCaplanceKey, std::string_view(text, static_cast<std::size_t>(at - text)));
}

}  // namespace

FlowKey key_of(const wire::Datagram& datagram) noexcept {
  if (datagram.is_icmp_error) {
    const wire::Quoted& quoted = datagram.quoted;
    return {quoted.destination, quoted.source, quoted.destination_port, quoted.source_port,
            quoted.protocol};
  }
  return {datagram.source, datagram.destination, datagram.source_port, datagram.destination_port,
          datagram.protocol};
}

std::string_view to_string(FlowFields fields) {
  switch (fields) {
    case FlowFields::three:
      return "3";
    case FlowFields::four:
      return "4";
    case FlowFields::five:
      return "5";
    case FlowFields::caplance:
      return "caplance";
  }
  return "unknown";
}

std::optional<FlowFields> parse_flow_fields(std::string_view name) {
  for (const FlowFields fields :
       {FlowFields::three, FlowFields::four, FlowFields::five, FlowFields::caplance})
    if (name == to_string(fields)) return fields;
  return std::nullopt;
}

FlowHasher::FlowHasher(FlowFields fields, std::uint64_t seed)
    : seed_(mix64(seed)), fields_(fields) {}

std::uint64_t FlowHasher::operator()(const FlowKey& key) const noexcept {
  switch (fields_) {
    case FlowFields::five:
      return XXH3_64bits_withSeed(&key, kAll, seed_);
    case FlowFields::four:
      return XXH3_64bits_withSeed(&key, kAddressesAndPorts, seed_);
    case FlowFields::three: {
      std::uint8_t content[kAddresses + 1];
      std::memcpy(content, &key, kAddresses);
      content[kAddresses] = key.protocol;
      return XXH3_64bits_withSeed(content, sizeof content, seed_);
    }
    case FlowFields::caplance:
      return caplance_hash(key);
  }
  return 0;
}

}  // namespace poise
