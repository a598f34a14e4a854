// Equal-cost paths: per flow, even, and only a lost way's flows move.
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <ns3/enum.h>
#include <ns3/ptr.h>
#include <ns3/uinteger.h>

#include "sim/ns3/ecmp_routing.h"
#include "sim/ns3/port.h"

namespace poise::ns3world {
namespace {

using ns3::PoiseEcmpRouting;
using ns3::PoisePort;
using ns3::Ptr;

constexpr std::uint32_t kVip = 0x0aff0001;

struct Router {
  explicit Router(PoiseEcmpRouting::Mode mode) {
    routing->SetAttribute("Mode", ns3::EnumValue(mode));
    routing->SetAttribute("Seed", ns3::UintegerValue(7));
    for (std::uint64_t key = 1; key <= 4; ++key)
      ways.push_back({ns3::CreateObject<PoisePort>(), key, 1});
    routing->SetWays(ns3::Ipv4Address(kVip), ways);
  }
  // Which way a flow takes, by its source port; -1: none.
  int way_of(std::uint16_t port) const {
    std::array<std::uint8_t, 24> datagram{};
    datagram[0] = 0x45;
    datagram[9] = 6;
    datagram[12] = 10;
    datagram[16] = 0x0a, datagram[17] = 0xff, datagram[19] = 1;
    datagram[20] = static_cast<std::uint8_t>(port >> 8);
    datagram[21] = static_cast<std::uint8_t>(port);
    const ns3::NetDevice* device = routing->Lookup(datagram);
    for (std::size_t i = 0; i < ways.size(); ++i)
      if (device == ns3::PeekPointer(ways[i].device)) return static_cast<int>(i);
    return -1;
  }
  std::map<std::uint16_t, int> all() const {
    std::map<std::uint16_t, int> taken;
    for (std::uint16_t port = 10000; port < 14000; ++port) taken[port] = way_of(port);
    return taken;
  }
  void lose(std::size_t way) {
    std::vector<PoiseEcmpRouting::Way> left = ways;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(way));
    routing->SetWays(ns3::Ipv4Address(kVip), left);
  }

  Ptr<PoiseEcmpRouting> routing = ns3::CreateObject<PoiseEcmpRouting>();
  std::vector<PoiseEcmpRouting::Way> ways;
};

TEST(Ns3Ecmp, SpreadsFlowsEvenly) {
  for (const auto mode : {PoiseEcmpRouting::RESILIENT, PoiseEcmpRouting::MODULO}) {
    std::map<int, int> counts;
    for (const auto& [port, way] : Router(mode).all()) ++counts[way];
    ASSERT_EQ(counts.size(), 4u);
    for (const auto& [way, count] : counts) EXPECT_NEAR(count, 1000, 120) << way;
  }
}

TEST(Ns3Ecmp, ResilientMovesOnlyTheLostWaysFlowsAndBringsThemBack) {
  Router router(PoiseEcmpRouting::RESILIENT);
  const auto before = router.all();
  router.lose(2);
  for (const auto& [port, way] : router.all()) {
    if (before.at(port) == 2) {
      EXPECT_NE(way, 2) << port;
    } else {
      EXPECT_EQ(way, before.at(port)) << port;
    }
  }
  router.routing->SetWays(ns3::Ipv4Address(kVip), router.ways);
  EXPECT_EQ(router.all(), before);
}

TEST(Ns3Ecmp, ModuloMovesMostFlows) {
  Router router(PoiseEcmpRouting::MODULO);
  const auto before = router.all();
  router.lose(3);
  int moved = 0;
  for (const auto& [port, way] : router.all()) moved += way != before.at(port);
  EXPECT_NEAR(moved, 3000, 150);  // 3 of 4
}

TEST(Ns3Ecmp, AWayThatLeadsToMoreDestinationsCarriesAsMuchMore) {
  Router router(PoiseEcmpRouting::RESILIENT);
  router.ways.resize(2);
  router.ways[1].weight = 3;
  router.routing->SetWays(ns3::Ipv4Address(kVip), router.ways);
  int heavy = 0;
  for (const auto& [port, way] : router.all()) heavy += way == 1;
  EXPECT_NEAR(heavy, 3000, 150);
}

TEST(Ns3Ecmp, CountsWhatHasNoWay) {
  Router router(PoiseEcmpRouting::RESILIENT);
  router.routing->SetWays(ns3::Ipv4Address(kVip), {});
  EXPECT_EQ(router.way_of(10000), -1);
  EXPECT_EQ(router.routing->GetNoWayCount(), 1u);
}

}  // namespace
}  // namespace poise::ns3world
