// A VIP as an address of this host.
#include "realnet/host/vip_address.h"

#include <algorithm>

namespace poise::realnet {

bool VipAddress::is_attached() const {
  const auto all = interface_addresses();
  return std::any_of(all.begin(), all.end(), [&](const InterfaceAddress& entry) {
    return entry.interface_index == interface_.index && entry.address == address_;
  });
}

}  // namespace poise::realnet
