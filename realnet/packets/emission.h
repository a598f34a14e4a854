// How what a machine forwards leaves it.
#pragma once

#include <cstdint>

namespace poise::realnet {

// How a forwarded datagram leaves. verdict: the kernel goes on with its new bytes, routes and
// forwards them; what changed its family leaves raw. Of a ring's: out of its device, or raw. raw:
// always over a raw socket. inward: as verdict, but a ring's is for this host, by an Injector.
enum class Emission : std::uint8_t { verdict, raw, inward };

}  // namespace poise::realnet
