// Laws of control streams in plain text: what comes up, what arrives, how it ends.
#include "tests/control/rig.h"

namespace poise::realnet {
namespace {

using namespace testing;

TEST(Streams, CarryBytesBothWays) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Rig rig(Credentials::plain(), Credentials::plain(), {}, address);
    ASSERT_TRUE(rig.comes_up()) << address;
    const PeerId peer = rig.at_listener.peers.begin()->first;
    rig.dialer->send(7, "REGISTER web1 10.0.0.1\n");
    ASSERT_TRUE(rig.until([&] { return rig.at_listener.peers[peer].text.ends_with('\n'); }));
    rig.listener->send(peer, "REGISTERED ");
    rig.listener->send(peer, "web1\n");
    ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[7].text == "REGISTERED web1\n"; }));
    EXPECT_EQ(rig.at_listener.peers[peer].text, "REGISTER web1 10.0.0.1\n");
  }
}

TEST(Streams, CloseFlushesWhatWasSentAndIsNotAnsweredByADown) {
  Rig rig;
  ASSERT_TRUE(rig.comes_up());
  const PeerId peer = rig.at_listener.peers.begin()->first;
  const std::string much(200'000, 'x');
  rig.dialer->send(7, "unread\n");
  rig.listener->send(peer, much);
  rig.listener->close(peer);
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[7].downs == 1; }));
  EXPECT_EQ(rig.at_dialer.peers[7].text, much);
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  EXPECT_EQ(rig.at_listener.downs(), 0);
}

TEST(Streams, AnEndIsToldOnce) {
  Rig rig;
  ASSERT_TRUE(rig.comes_up());
  rig.dialer->close(7);
  rig.dialer->close(7);
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.downs() == 1; }));
  ASSERT_TRUE(rig.until(
      [&] { return rig.listener->connection_count() + rig.dialer->connection_count() == 0; }));
  EXPECT_EQ(rig.at_listener.downs(), 1);
  EXPECT_EQ(rig.at_dialer.downs(), 0);
}

}  // namespace
}  // namespace poise::realnet
