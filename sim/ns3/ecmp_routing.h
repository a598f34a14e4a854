// Routing with equal-cost paths per flow: the flow's hash picks one of the ways to its destination.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <ns3/ipv4-routing-protocol.h>
#include <ns3/ptr.h>
#include <ns3/traced-callback.h>
#include <ns3/type-id.h>

namespace ns3 {

// What a router knows about where a destination lies: a host, or an anycast address that several
// nodes serve. Whoever owns the network computes the ways and sets them anew when it has detected a
// failure; a protocol between routers is not simulated.
//
//   resilient  the way with the largest hash of (flow, way) wins: when one is lost, only its flows
//              move, and when it returns, only they return (rendezvous hashing)
//   modulo     hash mod number of ways: nearly all flows move whenever that number changes
//
// The flow is (source, destination, protocol) and, in the first fragment of TCP and UDP, the ports;
// a tunnel's own header, not what is inside. Routers with equal seeds and keys agree.
class PoiseEcmpRouting : public Ipv4RoutingProtocol {
 public:
  enum Mode { RESILIENT, MODULO };

  // A way on: out of a device, to the neighbour named by `key`. A way that leads to several of the
  // destinations weighs as many.
  struct Way {
    Ptr<NetDevice> device;
    uint64_t key = 0;
    uint32_t weight = 1;
  };

  static TypeId GetTypeId();

  // Replaces the ways to a destination; none: unreachable.
  void SetWays(Ipv4Address destination, std::span<const Way> ways);
  void SetDefaultWay(Ptr<NetDevice> device);
  void Clear();

  // The device for a datagram (its IP header and at least four bytes more, if it has them);
  // nullptr: no way. Addresses of this node are not looked at.
  NetDevice* Lookup(std::span<const uint8_t> datagram) const;
  bool IsLocal(Ipv4Address address) const { return m_local.contains(address.Get()); }
  uint64_t GetNoWayCount() const { return m_noWay; }

  Ptr<Ipv4Route> RouteOutput(Ptr<Packet> packet, const Ipv4Header& header, Ptr<NetDevice> device,
                             Socket::SocketErrno& error) override;
  bool RouteInput(Ptr<const Packet> packet, const Ipv4Header& header, Ptr<const NetDevice> device,
                  UnicastForwardCallback forward, MulticastForwardCallback multicast,
                  LocalDeliverCallback deliver, ErrorCallback refuse) override;
  void NotifyInterfaceUp(uint32_t interface) override;
  void NotifyInterfaceDown(uint32_t interface) override;
  void NotifyAddAddress(uint32_t interface, Ipv4InterfaceAddress address) override;
  void NotifyRemoveAddress(uint32_t interface, Ipv4InterfaceAddress address) override;
  void SetIpv4(Ptr<Ipv4> ipv4) override;
  void PrintRoutingTable(Ptr<OutputStreamWrapper> stream, Time::Unit unit) const override;

 protected:
  void DoDispose() override;

 private:
  struct Choice {
    Ptr<NetDevice> device;
    uint64_t key;  // of the way, mixed with its number among the destinations behind it
  };
  struct Flow {
    uint32_t source, destination, ports;
    uint8_t protocol;
  };
  NetDevice* Choose(const Flow& flow) const;
  Ptr<Ipv4Route> MakeRoute(Ptr<NetDevice> device, const Ipv4Header& header) const;
  static Flow FlowOf(Ptr<const Packet> payload, const Ipv4Header& header);

  Ptr<Ipv4> m_ipv4;
  uint64_t m_seed = 0;
  Mode m_mode = RESILIENT;
  bool m_forwarding = true;
  std::unordered_map<uint32_t, std::vector<Choice>> m_choices;  // looked up, never walked
  std::unordered_set<uint32_t> m_local;
  Ptr<NetDevice> m_default;
  Ipv4Address m_address = Ipv4Address::GetLoopback();  // source of what has none
  mutable uint64_t m_noWay = 0;
  TracedCallback<const Ipv4Header&> m_noWayTrace;
};

}  // namespace ns3
