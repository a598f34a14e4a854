// Datagrams into this host's own stack.
#include "realnet/packets/injector.h"

#include <unistd.h>

#include <cerrno>

namespace poise::realnet {

namespace {

// Loose, not none: the larger of the device's and the host's own holds, and a strict host would
// drop clients, whose answers leave by another device. Loose, it still drops what comes by a device
// that has no address.
constexpr const char* kLoose = "2";
constexpr Address kNobody = Address::v4(0xc0000008);  // 192.0.0.8, the dummy of RFC 7600

}  // namespace

Injector::Injector() : device_(make_tun({.name = "poise-in%d", .reverse_path = kLoose})) {
  add_address(kNobody, device_.interface);
}

void Injector::send(const Packet& packet) noexcept {
  ssize_t done = 0;
  do {
    done = ::write(device_.descriptor.get(), packet.bytes().data(), packet.size());
  } while (done < 0 && errno == EINTR);
  done < 0 ? ++counters_.refused : ++counters_.injected;
}

}  // namespace poise::realnet
