// Routes of single addresses: to a device of ours, or to nowhere.
#pragma once

#include "model/address.h"
#include "realnet/host/interface.h"

namespace poise::realnet {

// In the calling thread's network namespace, table main. All throw SystemError.

// Packets to the address are dropped without a word, also without an ICMP error, wherever no better
// route takes them: of all metrics it has the last.
bool add_blackhole(Address address);     // false: it is there already
bool remove_blackhole(Address address);  // false: it was not there
bool has_blackhole(Address address);

// Packets to the address go to the interface, before any other route. It goes with the interface.
// Refused while another one has the address so.
void route_to(Address address, const Interface& interface);

}  // namespace poise::realnet
