// Who belongs together: the five fields that name a flow, and hashes of them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/address.h"
#include "model/wire/datagram.h"

namespace poise {

// The client's side first: source is the client, destination the VIP. 37 bytes of content.
struct FlowKey {
  Address source;
  Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 0;

  friend constexpr auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

// The flow a datagram belongs to. An ICMP error belongs to the flow it is about: it quotes a
// datagram that the backend sent from the VIP to the client, so the quoted fields stand flipped
// here, equal to the key of the client's own packets. Without ports (other protocols, later
// fragments) the ports are 0.
FlowKey key_of(const wire::Datagram& datagram) noexcept;

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

  std::uint64_t operator()(const FlowKey& key) const noexcept;

  FlowFields fields() const { return fields_; }

 private:
  std::uint64_t seed_;
  FlowFields fields_;
};

}  // namespace poise
