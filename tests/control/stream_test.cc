// Laws of control streams in plain text: what comes up, what arrives, how it ends.
#include <array>

#include "realnet/control/endpoint.h"
#include "realnet/system/error.h"
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

TEST(Streams, CloseFlushesToAPeerThatStillTalks) {
  Rig rig;
  Fd talker(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int small = 4096;  // so that most of what is sent still waits when it is closed
  ::setsockopt(talker.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const Listener::Endpoint to = rig.listener->endpoint();
  ASSERT_EQ(::connect(talker.get(), to.data(), static_cast<socklen_t>(to.size())), 0);
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.ups() == 1; }));
  const PeerId peer = rig.at_listener.peers.begin()->first;
  rig.listener->send(peer, std::string(200'000, 'x'));
  rig.listener->close(peer);
  rig.io.restart();
  rig.io.poll();
  std::size_t received = 0;
  ASSERT_TRUE(rig.until([&] {
    ::send(talker.get(), "more\n", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
    std::array<char, 16384> piece{};
    const ssize_t count = ::recv(talker.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count > 0) received += static_cast<std::size_t>(count);
    return count == 0 || (count < 0 && errno != EAGAIN);
  }));
  EXPECT_EQ(received, 200'000u);
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

TEST(Streams, AHalfClosedOneEndsAndStillGetsWhatWasSent) {
  Rig rig;
  rig.at_listener.also_on_message = [&](PeerId peer, const std::string&) {
    rig.listener->send(peer, "INVALID empty line\n");
  };
  const Fd client = raw_client(rig.listener->endpoint());
  ASSERT_EQ(::send(client.get(), "\n", 1, MSG_NOSIGNAL), 1);
  ::shutdown(client.get(), SHUT_WR);
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.downs() == 1; }));
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  std::array<char, 64> answer{};
  const ssize_t count = ::recv(client.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(answer.data(), static_cast<std::size_t>(count)), "INVALID empty line\n");
  EXPECT_EQ(::recv(client.get(), answer.data(), answer.size(), MSG_DONTWAIT), 0);
}

TEST(Streams, AResetIsAnEnd) {
  Rig rig;
  Fd client = raw_client(rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.ups() == 1; }));
  const linger abrupt{1, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  client.reset();
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  EXPECT_EQ(rig.at_listener.downs(), 1);
  EXPECT_EQ(rig.count(StreamCount::lost), 1u);
}

TEST(Streams, WhatAnOwnerThrowsCostsThatPeerItsStreamAlone) {
  Rig rig;
  rig.at_listener.also_on_message = [](PeerId, const std::string& text) {
    if (text == "bad") throw std::runtime_error("the owner failed");
  };
  ASSERT_TRUE(rig.comes_up(1));
  ASSERT_TRUE(rig.comes_up(2));
  rig.dialer->send(1, "bad");
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[1].downs == 1; }));
  EXPECT_EQ(rig.at_listener.downs(), 1);
  EXPECT_EQ(rig.count(StreamCount::callbacks_failed), 1u);
  rig.dialer->send(2, "good");
  EXPECT_TRUE(rig.until([&] { return rig.at_listener.peers.rbegin()->second.text == "good"; }));
}

TEST(Streams, MayBeClosedAndSentToFromTheirOwnEvents) {
  Rig rig;
  rig.at_listener.also_on_peer = [&](PeerId peer, PeerEvent event) {
    if (event == PeerEvent::down) return;
    rig.listener->send(peer, "INVALID too many peers\n");
    rig.listener->close(peer);
  };
  rig.at_dialer.also_on_peer = [&](PeerId peer, PeerEvent event) {
    if (event == PeerEvent::down && peer < 10) rig.dialer->open(peer + 1, rig.listener->endpoint());
  };
  rig.dialer->open(1, rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[10].downs == 1; }));
  for (PeerId peer = 1; peer <= 10; ++peer)
    EXPECT_EQ(rig.at_dialer.peers[peer].text, "INVALID too many peers\n");
}

TEST(Streams, DieWithTheirOwnerAndTellNothing) {
  Rig rig;
  ASSERT_TRUE(rig.comes_up());
  rig.listener.reset();
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.downs() == 1; }));
  EXPECT_EQ(rig.at_listener.downs(), 0);
  rig.dialer->open(7, Listener::Endpoint(asio::ip::make_address("127.0.0.1"), 9));
  rig.dialer.reset();  // in the middle of a connection
  rig.io.restart();
  rig.io.poll();
  EXPECT_EQ(rig.at_dialer.downs(), 1);
}

TEST(Listener, SaysWhatItCouldNotBind) {
  Rig rig;
  const auto complaint = [&](const Listener::Endpoint& endpoint) -> std::string {
    try {
      const Listener second(rig.io, endpoint, Credentials::plain(), {}, {});
    } catch (const SystemError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint(rig.listener->endpoint()),
            "listen on " + to_string(rig.listener->endpoint()) + ": Address already in use");
  EXPECT_EQ(complaint({asio::ip::make_address("192.0.2.1"), 1338}),
            "listen on 192.0.2.1:1338: Cannot assign requested address");
}

}  // namespace
}  // namespace poise::realnet
