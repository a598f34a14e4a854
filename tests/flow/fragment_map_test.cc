// Later fragments follow their first, for a while, and nobody else.
#include "model/flow/fragment_map.h"

#include <gtest/gtest.h>

#include <chrono>

#include "model/random.h"
#include "model/wire/build.h"

namespace poise {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr BackendRef kWeb1{1, 0}, kWeb2{2, 5};

struct Pieces {
  wire::Datagram first, later;
};

Pieces pieces(std::uint32_t id, const char* source = "10.0.0.1", const char* to = "10.255.0.1") {
  const std::vector<std::uint8_t> payload(200);
  const auto whole = build(wire::UdpDatagram{.source = {Address::parse(source).value(), 4000},
                                             .destination = {Address::parse(to).value(), 80},
                                             .payload = payload});
  const auto parts = wire::fragment(whole, 160, id);
  Pieces result;
  EXPECT_EQ(wire::parse(parts.at(0), result.first), wire::Malformed::none);
  EXPECT_EQ(wire::parse(parts.at(1), result.later), wire::Malformed::none);
  return result;
}

Instant at(Duration time) {
  return Instant{} + time;
}

TEST(FragmentMap, LaterFragmentsFollowTheirFirst) {
  FragmentMap map({});
  map.remember(pieces(1).first, kWeb1, at({}));
  map.remember(pieces(2).first, kWeb2, at({}));
  map.remember(pieces(1, "2001:db8::1", "2001:db8::2").first, kWeb2, at({}));
  EXPECT_EQ(map.find(pieces(1).later, at({})), kWeb1);
  EXPECT_EQ(map.find(pieces(2).later, at({})), kWeb2);
  EXPECT_EQ(map.find(pieces(1, "2001:db8::1", "2001:db8::2").later, at({})), kWeb2);
  EXPECT_EQ(map.counters().found, 3u);
}

TEST(FragmentMap, ALaterFragmentWithoutItsFirstIsNotFound) {
  FragmentMap map({});
  map.remember(pieces(1).first, kWeb1, at({}));
  EXPECT_FALSE(map.find(pieces(2).later, at({})));
  EXPECT_FALSE(map.find(pieces(1, "10.0.0.2").later, at({})));
  EXPECT_FALSE(map.find(pieces(1, "10.0.0.1", "10.255.0.2").later, at({})));
  EXPECT_EQ(map.counters().missed, 3u);
}

TEST(FragmentMap, ProtocolsTellIpv4DatagramsApartButNotIpv6Ones) {
  FragmentMap map({});
  map.remember(pieces(1).first, kWeb1, at({}));
  map.remember(pieces(1, "2001:db8::1", "2001:db8::2").first, kWeb1, at({}));
  wire::Datagram four = pieces(1).later, six = pieces(1, "2001:db8::1", "2001:db8::2").later;
  four.protocol = six.protocol = wire::protocol::kDestinationOptions;
  EXPECT_FALSE(map.find(four, at({})));
  EXPECT_TRUE(map.find(six, at({})));
}

TEST(FragmentMap, ForgetsAfterItsTimeout) {
  FragmentMap map({.timeout = seconds{2}});
  map.remember(pieces(1).first, kWeb1, at(seconds{5}));
  EXPECT_TRUE(map.find(pieces(1).later, at(milliseconds{6999})));
  EXPECT_FALSE(map.find(pieces(1).later, at(seconds{7})));
}

TEST(FragmentMap, AFirstFragmentThatComesAgainIsRememberedAnew) {
  FragmentMap map({.timeout = seconds{2}});
  map.remember(pieces(1).first, kWeb1, at({}));
  map.remember(pieces(1).first, kWeb2, at(seconds{1}));
  EXPECT_EQ(map.find(pieces(1).later, at(milliseconds{2500})), kWeb2);
  EXPECT_EQ(map.size(), 1u);
}

TEST(FragmentMap, AtItsBoundTheOldestMakesRoom) {
  FragmentMap map({.capacity = 10});
  for (std::uint32_t id = 0; id < 15; ++id) map.remember(pieces(id).first, kWeb1, at({}));
  for (std::uint32_t id = 0; id < 15; ++id)
    EXPECT_EQ(bool(map.find(pieces(id).later, at({}))), id >= 5) << id;
  EXPECT_EQ(map.size(), 10u);
  EXPECT_EQ(map.counters().evicted, 5u);
}

TEST(FragmentMap, WhatIsTooOldMakesRoomUncounted) {
  FragmentMap map({.capacity = 10, .timeout = seconds{2}});
  for (std::uint32_t id = 0; id < 20; ++id) map.remember(pieces(id).first, kWeb1, at(seconds{id}));
  EXPECT_EQ(map.counters().evicted, 0u);
}

TEST(FragmentMap, EqualHistoriesGiveEqualDigests) {
  FragmentMap a({.seed = 3}), b({.seed = 3});
  for (std::uint32_t id = 0; id < 5; ++id) {
    a.remember(pieces(id).first, kWeb1, at({}));
    EXPECT_NE(a.digest(), b.digest());
    b.remember(pieces(id).first, kWeb1, at({}));
    EXPECT_EQ(a.digest(), b.digest());
  }
}

}  // namespace
}  // namespace poise
