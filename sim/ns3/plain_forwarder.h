// What a balancer node costs is measured against this: a plain ns-3 router with static tunnels.
#pragma once

#include <cstdint>
#include <vector>

#include <ns3/ipv4-address.h>
#include <ns3/ipv4-header.h>
#include <ns3/object.h>
#include <ns3/packet.h>

#include "model/wire/encapsulation.h"
#include "sim/ns3/gate.h"

namespace ns3 {

// Sends a datagram for the VIP through a tunnel to the backend with the number of its source port,
// modulo. No machine, no state: headers taken off and put on with ns-3's own classes, as any router
// model written in ns-3 does it.
class PoisePlainForwarder : public Object {
 public:
  static TypeId GetTypeId();
  void Configure(Ipv4Address own, std::vector<Ipv4Address> vips, std::vector<Ipv4Address> backends,
                 poise::wire::Encapsulation encapsulation);
  void Boot();

 private:
  bool Intercept(Ptr<const Packet> datagram);

  Ipv4Address m_own;
  std::vector<Ipv4Address> m_vips;
  std::vector<Ipv4Address> m_backends;
  poise::wire::Encapsulation m_encapsulation = poise::wire::Encapsulation::gue;
  Ptr<Ipv4L3Protocol> m_ipv4;
};

}  // namespace ns3
