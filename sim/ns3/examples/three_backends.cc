// An ns-3 program of its own: twelve uploads to one service address, spread over three backends.
//
//   client ---- router ---- balancer          the VIP's route leads to the balancer
//                 |
//                 +---- backend x 3           they answer the client themselves
//
// Prints who got what; exits 1 unless everything arrived and every backend got a share.
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <ns3/boolean.h>
#include <ns3/bulk-send-helper.h>
#include <ns3/command-line.h>
#include <ns3/config.h>
#include <ns3/global-value.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/ipv4-global-routing-helper.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/node-container.h>
#include <ns3/packet-sink-helper.h>
#include <ns3/packet-sink.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/uinteger.h>

#include "sim/ns3/host_stack.h"
#include "sim/ns3/poise_helper.h"

using namespace ns3;

namespace {

const Ipv4Address kVip("10.255.0.1");

// Links all `leaves` to the router, and the VIP's route to the balancer.
void Connect(Ptr<Node> router, const NodeContainer& leaves, Ptr<Node> client, Ptr<Node> balancer) {
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue("100Mbps"));
  link.SetChannelAttribute("Delay", StringValue("1ms"));
  Ipv4AddressHelper addresses("10.0.1.0", "255.255.255.0");
  std::map<Ptr<Node>, Ipv4Address> at_router;  // the router's end and the node's own
  std::map<Ptr<Node>, Ipv4Address> own;
  for (auto node = leaves.Begin(); node != leaves.End(); ++node) {
    const Ipv4InterfaceContainer ends = addresses.Assign(link.Install(router, *node));
    at_router[*node] = ends.GetAddress(0);
    own[*node] = ends.GetAddress(1);
    addresses.NewNetwork();
  }
  Ipv4GlobalRoutingHelper::PopulateRoutingTables();
  Ipv4StaticRoutingHelper routes;
  routes.GetStaticRouting(client->GetObject<Ipv4>())->AddHostRouteTo(kVip, at_router[client], 1);
  routes.GetStaticRouting(router->GetObject<Ipv4>())->AddHostRouteTo(kVip, own[balancer], 2);
}

}  // namespace

int main(int argc, char** argv) {
  std::string policy = "maglev";
  std::uint32_t flows = 12;
  CommandLine command(__FILE__);
  command.AddValue("policy", "how the balancer chooses", policy);
  command.AddValue("flows", "uploads of 100 kB", flows);
  command.Parse(argc, argv);
  poise::ns3world::set_linux_profile(1400);  // room for the tunnel below 1500; checksums on

  NodeContainer client(1), router(1), balancers(1), backends(3);
  InternetStackHelper stack;
  stack.Install(NodeContainer(client, router, balancers, backends));
  Connect(router.Get(0), NodeContainer(client, balancers, backends), client.Get(0),
          balancers.Get(0));

  PoiseHelper poise;
  poise.SetVip(kVip, 80);
  poise.SetBalancerAttribute("Policy", StringValue(policy));
  poise.Install(balancers, backends);
  poise.AssignStreams(NodeContainer(balancers, backends), 1);
  std::uint64_t decisions = 0;
  balancers.Get(0)->GetObject<PoiseBalancer>()->TraceConnectWithoutContext(
      "Decision", Callback<void, const PoiseBalancer::Carried&>(
                      [&decisions](const PoiseBalancer::Carried&) { ++decisions; }));

  PacketSinkHelper sink("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), 80));
  ApplicationContainer sinks = sink.Install(backends);
  sinks.Start(Seconds(0));
  BulkSendHelper upload("ns3::TcpSocketFactory", InetSocketAddress(kVip, 80));
  upload.SetAttribute("MaxBytes", UintegerValue(100000));
  for (std::uint32_t i = 0; i < flows; ++i)
    upload.Install(client.Get(0)).Start(Seconds(1 + 0.05 * i));

  Simulator::Stop(Seconds(20));
  Simulator::Run();
  std::uint64_t total = 0;
  bool all_share = true;
  for (std::uint32_t i = 0; i < sinks.GetN(); ++i) {
    const std::uint64_t bytes = DynamicCast<PacketSink>(sinks.Get(i))->GetTotalRx();
    std::cout << "backend" << backends.Get(i)->GetId() << " got " << bytes << " bytes\n";
    total += bytes;
    all_share &= bytes > 0;
  }
  std::cout << "the balancer decided about " << decisions << " datagrams\n";
  Simulator::Destroy();
  return total == std::uint64_t{flows} * 100000 && all_share && decisions > 0 ? 0 : 1;
}
