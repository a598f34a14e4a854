// Questions about a VIP in ARP and neighbour discovery, and what is answered.
#include "realnet/tcp/vip_frames.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>

#include "model/wire/checksum.h"
#include "model/wire/datagram.h"

namespace poise::realnet {
namespace {

constexpr Mac kOurs{2, 0, 0, 0, 0, 1}, kTheirs{2, 0, 0, 0, 0, 9};
const Address kVip4 = *Address::parse("10.0.0.50"), kClient4 = *Address::parse("10.0.0.9");
const Address kVip6 = *Address::parse("fd00::50"), kClient6 = *Address::parse("fd00::9");

TEST(VipFrames, AnAnnouncementIsAQuestionAboutItselfToo) {
  const auto frames = announcement(kVip4, kOurs);
  ASSERT_EQ(frames.size(), 2u);
  const auto asked = read_arp(frames[0].bytes);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->target, kVip4);
  EXPECT_EQ(asked->asker, kVip4);
  EXPECT_EQ(asked->asker_mac, kOurs);
  EXPECT_FALSE(read_arp(frames[1].bytes)) << "a reply is no question";
  EXPECT_EQ(frames[0].to, kEverybody);
}

TEST(VipFrames, AnArpReplyGoesToWhoAsked) {
  const VipFrame frame = answer({kVip4, kClient4, kTheirs}, kOurs);
  EXPECT_EQ(frame.to, kTheirs);
  EXPECT_EQ(frame.ethertype, ETH_P_ARP);
  const std::vector<std::uint8_t> wanted{0,  1, 8, 0,  6, 4, 0, 2, 2, 0, 0,  0, 0, 1,
                                         10, 0, 0, 50, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9};
  EXPECT_EQ(frame.bytes, wanted);
}

TEST(VipFrames, AnAdvertisementIsARightDatagramFromTheVip) {
  for (const Address& asker : {kClient6, Address{}}) {
    const VipFrame frame = answer({kVip6, asker, kTheirs}, kOurs);
    wire::Datagram datagram;
    ASSERT_EQ(wire::parse(frame.bytes, datagram), wire::Malformed::none);
    EXPECT_TRUE(wire::has_right_transport_checksum(frame.bytes, datagram));
    EXPECT_EQ(datagram.source, kVip6);
    const bool is_probe = asker.is_unspecified();
    EXPECT_EQ(datagram.destination, is_probe ? *Address::parse("ff02::1") : kClient6);
    EXPECT_EQ(frame.bytes[44], is_probe ? 0x20 : 0x60) << "solicited, override";
    EXPECT_EQ(frame.bytes[7], 255);
    EXPECT_FALSE(read_solicitation(frame.bytes, kOurs)) << "an answer is no question";
  }
}

TEST(VipFrames, ASolicitationThatCrossedARouterIsNone) {
  std::vector<std::uint8_t> bytes = answer({kVip6, kClient6, kTheirs}, kOurs).bytes;
  bytes[40] = 135;
  ASSERT_TRUE(read_solicitation(bytes, kTheirs));
  EXPECT_EQ(read_solicitation(bytes, kTheirs)->target, kVip6);
  bytes[7] = 254;
  EXPECT_FALSE(read_solicitation(bytes, kTheirs));
}

TEST(VipFrames, WhatIsTooShortIsNoQuestion) {
  const auto arp = announcement(kVip4, kOurs)[0].bytes;
  for (std::size_t size = 0; size < arp.size(); ++size)
    EXPECT_FALSE(read_arp(std::span(arp).first(size)));
  auto solicitation = announcement(kVip6, kOurs)[0].bytes;
  solicitation[40] = 135;
  for (std::size_t size = 0; size < 64; ++size)
    EXPECT_FALSE(read_solicitation(std::span(solicitation).first(size), kTheirs));
}

}  // namespace
}  // namespace poise::realnet
