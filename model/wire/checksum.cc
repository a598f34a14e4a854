// The Internet checksum, 64 bytes at a time.
#include "model/wire/checksum.h"

#include <array>
#include <bit>
#include <cstring>

#include "model/wire/bytes.h"

namespace poise::wire {
namespace {

constexpr std::size_t kNone = 0;

// Where the checksum field lies in the transport header; kNone when there is none that we know.
std::size_t field_offset(const Datagram& datagram) {
  if (datagram.is_fragment) return kNone;
  switch (datagram.protocol) {
    case protocol::kTcp:
      return 16;
    case protocol::kUdp:
      return 6;
    case protocol::kIcmp:
      return datagram.family == Family::v4 ? 2 : kNone;
    case protocol::kIcmpv6:
      return datagram.family == Family::v6 ? 2 : kNone;
    default:
      return kNone;
  }
}

// UDP's own length counts, not the datagram's: there may be bytes behind it.
std::size_t transport_size(const Datagram& datagram) {
  return static_cast<std::size_t>(datagram.payload_offset - datagram.transport_offset) +
         datagram.payload_size;
}

std::uint64_t transport_sum(std::span<const std::uint8_t> bytes, const Datagram& datagram) {
  const std::size_t size = transport_size(datagram);
  std::uint64_t sum = 0;
  if (datagram.protocol != protocol::kIcmp)
    sum = pseudo_header_sum(datagram.source, datagram.destination, datagram.protocol,
                            static_cast<std::uint32_t>(size));
  return checksum_sum(bytes.subspan(datagram.transport_offset, size), sum);
}

// Words are summed as they lie in memory, in pieces of any size, since 2^16 is 1 in one's
// complement; one swap at the end sets the order right (RFC 1071, 2 B).
static_assert(std::endian::native == std::endian::little);

std::uint64_t in_network_order(std::uint64_t native) {
  const std::uint16_t folded = checksum_fold(native);
  return static_cast<std::uint16_t>(folded << 8 | folded >> 8);
}

std::uint64_t halves(std::uint64_t word) {
  return (word & 0xffffffffu) + (word >> 32);
}

// Two words at a time, four times over, in the vector registers that every 64-bit machine has. Of
// each word the whole is summed modulo 2^64, and its upper half: the sum of the lower halves, which
// is below 2^64, is what is left, so no step has to mask them.
class Lanes {
 public:
  static constexpr std::size_t kSize = 64;

  template <bool copy>
  void take(std::uint8_t* into, const std::uint8_t* at) {
    for (std::size_t i = 0; i < kCount; ++i) {
      Register lane;
      std::memcpy(&lane, at + i * sizeof lane, sizeof lane);
      if constexpr (copy) std::memcpy(into + i * sizeof lane, &lane, sizeof lane);
      whole_[i] += lane;
      upper_[i] += lane >> 32;
    }
  }
  std::uint64_t sum() const {
    const Register whole = whole_[0] + whole_[1] + whole_[2] + whole_[3];
    const Register upper = upper_[0] + upper_[1] + upper_[2] + upper_[3];
    const std::uint64_t uppers = upper[0] + upper[1];
    return halves(whole[0] + whole[1] - (uppers << 32)) + uppers;
  }

 private:
  typedef std::uint64_t Register __attribute__((vector_size(16)));
  static constexpr std::size_t kCount = kSize / sizeof(Register);
  Register whole_[kCount] = {};
  Register upper_[kCount] = {};
};

// Fewer than eight bytes.
template <bool copy>
std::uint64_t sum_of_few(std::uint8_t* into, const std::uint8_t* at, std::size_t size) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if constexpr (copy) into[i] = at[i];
    word |= std::uint64_t{at[i]} << 8 * i;
  }
  return in_network_order(word);
}

template <bool copy>
std::uint64_t sum_of(std::uint8_t* into, const std::uint8_t* at, std::size_t size) {
  if (size == 0) return 0;
  if (size < 8) return sum_of_few<copy>(into, at, size);
  std::uint64_t native = 0;
  if (size >= 2 * Lanes::kSize) {
    Lanes lanes;
    for (; size >= Lanes::kSize; at += Lanes::kSize, size -= Lanes::kSize) {
      lanes.take<copy>(into, at);
      if constexpr (copy) into += Lanes::kSize;
    }
    native = lanes.sum();
  }
  const auto load = [](const std::uint8_t* from) {
    std::uint64_t word;
    std::memcpy(&word, from, 8);
    return word;
  };
  for (; size >= 8; at += 8, size -= 8) {
    const std::uint64_t word = load(at);
    if constexpr (copy) std::memcpy(into, &word, 8), into += 8;
    native += halves(word);
  }
  if (size != 0) {
    // The last eight bytes, of which the first were taken already.
    const std::uint64_t word = load(at + size - 8);
    if constexpr (copy) std::memcpy(into + size - 8, &word, 8);
    native += halves(word >> 8 * (8 - size));
  }
  return in_network_order(native);
}

}  // namespace

std::uint64_t checksum_sum(std::span<const std::uint8_t> bytes, std::uint64_t sum) noexcept {
  return sum + sum_of<false>(nullptr, bytes.data(), bytes.size());
}

std::uint64_t checksum_copy(std::uint8_t* into, std::span<const std::uint8_t> from,
                            std::uint64_t sum) noexcept {
  return sum + sum_of<true>(into, from.data(), from.size());
}

std::uint64_t pseudo_header_sum(const Address& source, const Address& destination,
                                std::uint8_t protocol, std::uint32_t transport_size) noexcept {
  const std::uint64_t rest = std::uint64_t{protocol} + transport_size;
  if (source.is_v4()) return rest + source.as_v4() + destination.as_v4();
  const auto from = std::bit_cast<std::array<std::uint64_t, 2>>(source);
  const auto to = std::bit_cast<std::array<std::uint64_t, 2>>(destination);
  return rest + in_network_order(halves(from[0]) + halves(from[1]) + halves(to[0]) + halves(to[1]));
}

bool has_right_transport_checksum(std::span<const std::uint8_t> bytes,
                                  const Datagram& datagram) noexcept {
  const std::size_t field = field_offset(datagram);
  if (field == kNone) return true;
  if (datagram.is_udp() && load16(bytes.data() + datagram.transport_offset + field) == 0)
    return datagram.family == Family::v4;
  return checksum_fold(transport_sum(bytes, datagram)) == 0xffff;
}

void write_transport_checksum(std::span<std::uint8_t> bytes, const Datagram& datagram) noexcept {
  const std::size_t field = field_offset(datagram);
  if (field == kNone) return;
  std::uint8_t* at = bytes.data() + datagram.transport_offset + field;
  store16(at, 0);
  std::uint16_t value = checksum_finish(transport_sum(bytes, datagram));
  if (datagram.is_udp() && value == 0) value = 0xffff;  // zero says "none" (RFC 768)
  store16(at, value);
}

}  // namespace poise::wire
