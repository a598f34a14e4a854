// Who belongs together: the five fields that name a flow, and hashes of them.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/address.h"
#include "model/wire/datagram.h"

namespace poise {

// The client's side first: source is the client, destination the VIP. 37 bytes of content in five
// whole words, so that copies, comparisons and hashes take five loads of what was stored in as
// many.
struct alignas(8) FlowKey {
  Address source;
  Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 0;
  std::array<std::uint8_t, 3> zeros{};

  friend constexpr auto operator<=>(const FlowKey&, const FlowKey&) = default;
  friend constexpr bool operator==(const FlowKey& a, const FlowKey& b) {
    return a.source == b.source && a.destination == b.destination && a.rest() == b.rest();
  }

  // protocol << 32 | destination_port << 16 | source_port
  constexpr std::uint64_t rest() const {
    return std::bit_cast<std::array<std::uint64_t, 5>>(*this)[4];
  }
};
static_assert(sizeof(FlowKey) == 40 && std::endian::native == std::endian::little);

// The flow a datagram belongs to. An ICMP error belongs to the flow it is about: it quotes a
// datagram that the backend sent from the VIP to the client, so the quoted fields stand flipped
// here, equal to the key of the client's own packets. Without ports (other protocols, later
// fragments) the ports are 0.
inline FlowKey key_of(const wire::Datagram& datagram) noexcept {
  const auto join = [](const Address& source, const Address& destination, std::uint64_t source_port,
                       std::uint64_t destination_port, std::uint64_t protocol) {
    using Halves = std::array<std::uint64_t, 2>;
    const Halves a = std::bit_cast<Halves>(source), b = std::bit_cast<Halves>(destination);
    return std::bit_cast<FlowKey>(std::array<std::uint64_t, 5>{
        a[0], a[1], b[0], b[1], protocol << 32 | destination_port << 16 | source_port});
  };
  if (datagram.is_icmp_error) [[unlikely]] {
    const wire::Quoted& quoted = datagram.quoted;
    return join(quoted.destination, quoted.source, quoted.destination_port, quoted.source_port,
                quoted.protocol);
  }
  return join(datagram.source, datagram.destination, datagram.source_port,
              datagram.destination_port, datagram.protocol);
}

// The fields that choose a backend.
enum class FlowFields : std::uint8_t {
  three,     // source address, destination address, protocol: all flows of a client stay together,
             // fragments too
  four,      // source address and port, destination address and port
  five,      // all
  caplance,  // SipHash-2-4 with key {0xdeadbabe, 0} of "address:port" of the source, as Caplance
             // does it
};

// "3", "4", "5", "caplance".
std::string_view to_string(FlowFields fields);
std::optional<FlowFields> parse_flow_fields(std::string_view name);

// A 64-bit hash of the chosen fields under a secret seed: without it, collisions cannot be
// prepared. Not a cryptographic hash: keep its values inside. Equal on every compiler and
// little-endian machine. Caplance's has a published key of its own and ignores the seed; IPv6,
// which Caplance does not speak, is hashed as 32 hexadecimal digits in the address's place. Costs 3
// to 5 ns; Caplance's 20 to 30.
class FlowHasher {
 public:
  explicit FlowHasher(FlowFields fields = FlowFields::five, std::uint64_t seed = 0);

  std::uint64_t operator()(const FlowKey& key) const noexcept {
    if (fields_ == FlowFields::caplance) [[unlikely]]
      return caplance(key);
    // Each of the three parts is folded by a multiplication under secrets of its own, then they
    // are folded together: as in wyhash (Wang Yi, 2019), with all secrets from the seed.
    using Halves = std::array<std::uint64_t, 2>;
    const auto source = std::bit_cast<Halves>(key.source.bytes());
    const auto destination = std::bit_cast<Halves>(key.destination.bytes());
    const std::uint64_t rest = key.rest() & rest_mask_;
    const std::uint64_t a = fold(source[0] ^ secret_[0], source[1] ^ secret_[1]);
    const std::uint64_t b = fold(destination[0] ^ secret_[2], destination[1] ^ secret_[3]);
    const std::uint64_t c = fold(rest ^ secret_[4], secret_[5]);
    return fold(a ^ c, b ^ secret_[6]);
  }

  FlowFields fields() const { return fields_; }

 private:
  // Both halves of the product of 64 by 64 bits.
  static std::uint64_t fold(std::uint64_t x, std::uint64_t y) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  static std::uint64_t caplance(const FlowKey& key) noexcept;

  std::array<std::uint64_t, 7> secret_;
  std::uint64_t rest_mask_;  // of ports and protocol: those that count
  FlowFields fields_;
};

}  // namespace poise
