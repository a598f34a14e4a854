// A VIP as an address of this host.
#pragma once

#include <string>

#include "model/address.h"
#include "realnet/host/interface.h"

namespace poise::realnet {

// In the calling thread's network namespace.
class VipAddress {
 public:
  // `interface`: "lo" on a backend. Empty: the one with a subnet that holds the VIP, on a balancer.
  // Throws SystemError when there is none, or several.
  explicit VipAddress(Address address, const std::string& interface = {})
      : address_(address),
        interface_(interface.empty() ? interface_towards(address) : interface_named(interface)) {}

  bool is_attached() const;
  // Adds it as /32 or /128. false: it was there already, and is not ours. Throws SystemError.
  bool attach() { return add_address(address_, interface_); }
  // false: it was not there.
  bool detach() { return remove_address(address_, interface_); }

  const Address& address() const { return address_; }
  const Interface& interface() const { return interface_; }

 private:
  Address address_;
  Interface interface_;
};

}  // namespace poise::realnet
