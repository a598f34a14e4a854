// The network interfaces of this host and the addresses on them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/address.h"

namespace poise::realnet {

struct Interface {
  unsigned index = 0;
  std::string name;
  bool is_up = false;
  bool is_loopback = false;
  // Neighbours are asked for by ARP or neighbour discovery: it has Ethernet's kind of address.
  bool has_neighbours = false;
  std::array<std::uint8_t, 6> mac{};
};

struct InterfaceAddress {
  unsigned interface_index = 0;
  Address address;
  unsigned prefix_length = 0;
};

constexpr unsigned full_length(Family family) {
  return family == Family::v4 ? 32 : 128;
}

// In the calling thread's network namespace. All throw SystemError.
std::vector<Interface> interfaces();
std::vector<InterfaceAddress> interface_addresses();
Interface interface_named(const std::string& name);
// The one that has a subnet with the address in it. Says so when there is none, or several.
Interface interface_towards(Address address);

// Puts an address alone (/32, /128; without duplicate address detection) on an interface.
// false: it is there already.
bool add_address(Address address, const Interface& interface);
// false: it was not there.
bool remove_address(Address address, const Interface& interface);

}  // namespace poise::realnet
