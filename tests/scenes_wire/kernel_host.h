// A host of the stage: a network namespace whose kernel gets and sends datagrams through one TUN
// device.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "realnet/packets/raw_sender.h"
#include "realnet/system/fd.h"
#include "realnet/system/namespace.h"

namespace poise::scene {

using Bytes = std::vector<std::uint8_t>;

//   arrive() --> TUN --> PREROUTING: NFQUEUE 0 --> routing --> TUN --> next_departure()
//   send()   --> raw socket --> OUTPUT: SYN-ACKs to NFQUEUE 0 -------> TUN --> next_departure()
//
// The namespace has no name and none of the scene's addresses: whatever the kernel goes on with
// comes out of the TUN device, what a host would keep for itself, too. It is gone with this object,
// however the process ends.
class KernelHost {
 public:
  static constexpr std::uint16_t kQueue = 0;

  KernelHost();  // Throws SystemError.

  // "Somebody on this host" for as long as the value lives.
  realnet::EnterNamespace enter() const { return realnet::EnterNamespace(path_); }

  void arrive(std::span<const std::uint8_t> datagram);
  void send(Bytes datagram);
  // What left and was not yet seen, in order; it is there as soon as the verdict was written.
  std::optional<Bytes> next_departure();
  int descriptor() const { return tun_.get(); }

 private:
  realnet::Fd namespace_, tun_;
  std::string path_;
  std::optional<realnet::RawSender> stack_;
};

}  // namespace poise::scene
