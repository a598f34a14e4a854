// Laws of the copies that a pair's standby gets of what clients send.
#include "tests/balancer/pair_rig.h"

namespace poise {
namespace {

using namespace testing;

class MirroredPair : public Pair {
 protected:
  MirroredPair() : Pair(true) {}
};

Address outer_destination(const std::vector<std::uint8_t>& bytes) {
  wire::Datagram outer;
  EXPECT_EQ(wire::parse(bytes, outer), wire::Malformed::none);
  return outer.destination;
}

TEST_F(Pair, WithoutMirroringNothingIsCopied) {
  form();
  rig.syn(1000);
  EXPECT_TRUE(rig.transmitted().empty());
}

TEST_F(MirroredPair, TheStandbyGetsTheSameDatagramInItsOwnTunnel) {
  form();
  rig.transmitted();
  const Sent sent = rig.ack(1000, 100);
  EXPECT_EQ(sent.to, backend_address(1));
  const auto copies = rig.transmitted();
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_EQ(outer_destination(copies[0]), backend_address(2));
  ASSERT_EQ(copies[0].size(), sent.bytes.size());
  EXPECT_TRUE(std::equal(sent.bytes.begin() + 20, sent.bytes.end(), copies[0].begin() + 20))
      << "all behind the outer header is equal";
  EXPECT_EQ(rig.count(Count::mirrored), 1u);
}

TEST_F(MirroredPair, AfterATakeoverTheOtherOneGetsTheCopies) {
  form();
  rig.says(2, "REPLICA db 1 2 active").transmitted();
  EXPECT_EQ(rig.ack(1000).to, backend_address(2));
  EXPECT_EQ(outer_destination(rig.transmitted().at(0)), backend_address(1));
}

TEST_F(MirroredPair, WhileTheActiveIsSilentBothGetWhatClientsSend) {
  form();
  rig.beats_until(1600ms, {2}).transmitted();
  EXPECT_EQ(rig.ack(1000).to, backend_address(1));
  EXPECT_EQ(outer_destination(rig.transmitted().at(0)), backend_address(2));
}

TEST_F(MirroredPair, ADeadStandbyGetsNothing) {
  form();
  rig.beats_until(1600ms, {1}).transmitted();
  EXPECT_EQ(rig.ack(1000).to, backend_address(1));
  EXPECT_TRUE(rig.transmitted().empty());
}

TEST_F(MirroredPair, PlainBackendsAreNotMirrored) {
  rig.registers(3);
  rig.ack(1000);
  EXPECT_TRUE(rig.transmitted().empty());
}

TEST_F(MirroredPair, WhatIsCutForTheActiveIsCutForTheStandby) {
  form();
  rig.transmitted();
  const std::vector<std::uint8_t> data(1460, 'x');
  const Sent sent = rig.sends(wire::build(wire::UdpDatagram{.source = {kClient, 4000},
                                                            .destination = {kVip, 53},
                                                            .payload = data,
                                                            .ip = {.dont_fragment = false}}));
  EXPECT_EQ(sent.to, backend_address(1));
  std::map<Address, int> pieces;
  for (const auto& bytes : rig.transmitted()) {
    EXPECT_LE(bytes.size(), 1500u);
    ++pieces[outer_destination(bytes)];
  }
  EXPECT_EQ(pieces[backend_address(1)], 1) << "the second; the first went in place";
  EXPECT_EQ(pieces[backend_address(2)], 2);
}

TEST_F(MirroredPair, CopiesLeaveHalfTheOutboxToAnswersAndAreCountedWhenTheyFindNoRoom) {
  form();
  std::vector<Packet> packets;
  std::vector<Buffer> buffers;
  for (std::uint16_t i = 0; i < 100; ++i)
    buffers.emplace_back(wire::build(wire::TcpSegment{
        .source = {kClient, static_cast<std::uint16_t>(2000 + i)}, .destination = {kVip, 80}}));
  for (Buffer& buffer : buffers) {
    EXPECT_EQ(rig.balancer.on_packet(rig.now, buffer.packet()), Verdict::forward);
  }
  EXPECT_EQ(rig.count(Count::mirrored), 64u);
  EXPECT_EQ(rig.count(Count::mirror_no_room), 36u);
}

}  // namespace
}  // namespace poise
