// Laws of the bounds: what a bad or an unlucky peer may cost, and that others do not notice.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "realnet/system/process.h"
#include "tests/control/authority.h"
#include "tests/control/rig.h"

namespace poise::realnet {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// True once the other end of a raw client has closed or reset it.
bool is_closed(const Fd& client) {
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t count = ::recv(client.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count <= 0) return count == 0 || errno != EAGAIN;
  }
}

Rig tls_rig(Authority& authority, const Limits& limits) {
  return Rig(Credentials::load(authority.issue({.common_name = "lb1"})),
             Credentials::load(authority.issue({.common_name = "web1"})), limits);
}

TEST(Bounds, AHandshakeThatCrawlsIsCut) {
  Authority authority;
  Rig rig = tls_rig(authority, {.handshake_timeout = 60ms});
  const Fd crawler = raw_client(rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 1; }));
  ASSERT_EQ(::send(crawler.get(), "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);  // a TLS record begins
  ASSERT_TRUE(rig.until([&] { return is_closed(crawler); }));
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  EXPECT_EQ(rig.count(StreamCount::handshakes_timed_out), 1u);
  EXPECT_TRUE(rig.at_listener.peers.empty());
}

TEST(Bounds, HandshakesInProgressAreFew) {
  Authority authority;
  Rig rig = tls_rig(authority, {.handshake_count_max = 3, .handshake_timeout = 500ms});
  std::vector<Fd> crawlers;
  for (int i = 0; i < 5; ++i) crawlers.push_back(raw_client(rig.listener->endpoint()));
  ASSERT_TRUE(rig.until([&] { return rig.count(StreamCount::refused_handshakes) == 2; }));
  EXPECT_EQ(rig.listener->connection_count(), 3u);
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  EXPECT_TRUE(rig.comes_up()) << "when they are gone, others come up";
}

TEST(Bounds, ConnectionsOfOneSourceAreFew) {
  Rig rig(Credentials::plain(), Credentials::plain(), {.connection_count_source_max = 4});
  std::vector<Fd> flood;
  for (int i = 0; i < 10; ++i) flood.push_back(raw_client(rig.listener->endpoint()));
  ASSERT_TRUE(rig.until([&] { return rig.count(StreamCount::refused_source) == 6; }));
  EXPECT_EQ(rig.at_listener.ups(), 4);
  Dialer other(rig.io, asio::ip::make_address("127.0.0.2"), Credentials::plain(), {},
               rig.at_dialer.events());
  other.open(9, rig.listener->endpoint());
  EXPECT_TRUE(rig.until([&] { return rig.at_listener.ups() == 5; })) << "another source gets in";
}

TEST(Bounds, OneSourceHasAllOfItsIpv6Network) {
  run_checked({{"ip", "address", "replace", "fd07::1/64", "dev", "lo", "nodad"}});
  run_checked({{"ip", "address", "replace", "fd07::2/64", "dev", "lo", "nodad"}});
  Rig rig(Credentials::plain(), Credentials::plain(), {.connection_count_source_max = 1},
          "fd07::1");
  ASSERT_TRUE(rig.comes_up());
  Dialer neighbour(rig.io, asio::ip::make_address("fd07::2"), Credentials::plain(), {},
                   rig.at_dialer.events());
  neighbour.open(9, rig.listener->endpoint());
  EXPECT_TRUE(rig.until([&] { return rig.count(StreamCount::refused_source) == 1; }));
}

TEST(Bounds, AllConnectionsTogetherAreBounded) {
  Rig rig(Credentials::plain(), Credentials::plain(), {.connection_count_max = 3});
  std::vector<Fd> flood;
  for (int i = 0; i < 5; ++i) flood.push_back(raw_client(rig.listener->endpoint()));
  ASSERT_TRUE(rig.until([&] { return rig.count(StreamCount::refused_connections) == 2; }));
  flood.clear();
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  EXPECT_TRUE(rig.comes_up());
}

TEST(Bounds, AFloodOfConnectionsWaitsItsTurn) {
  Rig rig(Credentials::plain(), Credentials::plain(),
          {.connection_count_source_max = 1000, .accepts_per_second = 50});
  const auto start = std::chrono::steady_clock::now();
  std::vector<Fd> flood;
  for (int i = 0; i < 75; ++i) flood.push_back(raw_client(rig.listener->endpoint()));
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.ups() == 75; })) << "nobody is lost";
  EXPECT_GE(std::chrono::steady_clock::now() - start, 450ms);
  EXPECT_GT(rig.count(StreamCount::delayed_accepts), 0u);
}

TEST(Bounds, AFloodDoesNotFillTheLog) {
  Rig rig(Credentials::plain(), Credentials::plain(),
          {.connection_count_source_max = 1, .log_interval = 1h});
  std::vector<Fd> flood;
  for (int i = 0; i < 100; ++i) flood.push_back(raw_client(rig.listener->endpoint()));
  ASSERT_TRUE(rig.until([&] { return rig.count(StreamCount::refused_source) == 99; }));
  EXPECT_EQ(rig.at_listener.log.size(), 1u);
}

TEST(Bounds, APeerThatNeverReadsIsCutAndNotFromInsideTheCall) {
  for (const bool secret : {false, true}) {
    Authority authority;
    const Limits limits{.unsent_bytes_max = 100'000};
    Rig rig = secret ? tls_rig(authority, limits)
                     : Rig(Credentials::plain(), Credentials::plain(), limits);
    ASSERT_TRUE(rig.comes_up());
    const PeerId peer = rig.at_listener.peers.begin()->first;
    const std::string piece(50'000, 'x');
    for (int i = 0; i < 3; ++i) rig.listener->send(peer, piece);  // nothing runs meanwhile
    EXPECT_EQ(rig.at_listener.downs(), 0) << "no callback from inside a call";
    ASSERT_TRUE(rig.until([&] { return rig.at_listener.downs() == 1; }));
    EXPECT_EQ(rig.count(StreamCount::unsent_overflown), 1u);
    ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  }
}

TEST(Bounds, AClosedPeerThatNeverGoesIsCutAfterTheLinger) {
  Rig rig(Credentials::plain(), Credentials::plain(), {.linger = 50ms});
  const Fd stays = raw_client(rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.ups() == 1; }));
  rig.listener->close(rig.at_listener.peers.begin()->first);
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
}

// Lets no descriptor be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Fd lowest(::dup(0));
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(lowest.get());
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Bounds, WithoutDescriptorsItWaitsAndDoesNotSpin) {
  Rig rig;
  ASSERT_TRUE(rig.comes_up());
  std::vector<Fd> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(raw_client(rig.listener->endpoint()));
  {
    const NoDescriptors exhausted;
    ASSERT_TRUE(rig.until([&] { return rig.count(StreamCount::descriptors_exhausted) > 0; }));
    const auto until = std::chrono::steady_clock::now() + 250ms;
    rig.until([&] { return std::chrono::steady_clock::now() >= until; });
    EXPECT_LE(rig.count(StreamCount::descriptors_exhausted), 4u);
    rig.dialer->send(7, "HEALTH 200\n");
    EXPECT_TRUE(rig.until([&] { return rig.at_listener.peers.begin()->second.text != ""; }))
        << "who is up stays up";
  }
  const auto turned_away = static_cast<int>(rig.count(StreamCount::descriptors_exhausted));
  EXPECT_TRUE(rig.until([&] { return rig.at_listener.ups() >= 1 + 10 - turned_away - 1; }));
  EXPECT_TRUE(rig.comes_up(8));
}

TEST(Bounds, AThousandConnectionsLeaveNoDescriptorBehind) {
  Authority authority;
  for (const bool secret : {false, true}) {
    const Limits limits{.accepts_per_second = 1'000'000};
    Rig rig = secret ? tls_rig(authority, limits)
                     : Rig(Credentials::plain(), Credentials::plain(), limits);
    const std::size_t before = descriptors_open();
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(rig.comes_up());
      rig.at_dialer.peers.clear();
      rig.dialer->close(7);
    }
    ASSERT_TRUE(rig.until(
        [&] { return rig.listener->connection_count() + rig.dialer->connection_count() == 0; }));
    EXPECT_EQ(descriptors_open(), before);
    EXPECT_EQ(rig.at_listener.downs(), 1000);
  }
}

}  // namespace
}  // namespace poise::realnet
