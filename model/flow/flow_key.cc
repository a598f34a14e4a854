// Flow hashes: where the secrets come from, and Caplance's.
#include "model/flow/flow_key.h"

#include "model/hash.h"
#include "model/random.h"

namespace poise {
namespace {

constexpr SipKey kCaplanceKey{0xdeadbabe, 0};

char* write_decimal(char* at, std::uint32_t value) {
  char digits[10];
  int count = 0;
  do digits[count++] = static_cast<char>('0' + value % 10);
  while ((value /= 10) != 0);
  while (count != 0) *at++ = digits[--count];
  return at;
}

}  // namespace

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

FlowHasher::FlowHasher(FlowFields fields, std::uint64_t seed) : fields_(fields) {
  Rng rng(seed);
  for (std::uint64_t& word : secret_) word = rng.next() | 1;
  constexpr std::uint64_t kPorts = 0xffffffffu;
  constexpr std::uint64_t kProtocol = std::uint64_t{0xff} << 32;
  rest_mask_ = fields == FlowFields::three  ? kProtocol
               : fields == FlowFields::four ? kPorts
                                            : kPorts | kProtocol;
}

// "a.b.c.d:port" without a string's allocation.
std::uint64_t FlowHasher::caplance(const FlowKey& key) noexcept {
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

}  // namespace poise
