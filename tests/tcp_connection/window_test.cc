// The window that a connection advertises.
#include <gtest/gtest.h>

#include "tests/tcp_connection/peer.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kBuffer = 1u << 20;  // told in steps of 32
constexpr std::uint64_t kSlack = 65536;

TEST(Window, ClosesAtLastHoweverLittleThePeerSendsAtATime) {
  for (const std::size_t size : {1u, 7u, 31u, 33u, 63u}) {
    SCOPED_TRACE(size);
    ChunkPool pool(128);
    Peer peer(ConnectionConfig{}, pool);
    Position at = 1;
    while (at + static_cast<Position>(size) <= peer.heard.edge() && at < 4 * Position{kBuffer}) {
      peer.say(at, size, 1);
      at += static_cast<Position>(size);
      peer.pass(50ms);  // a delayed acknowledgment
      ASSERT_EQ(peer.heard.acknowledgment, at);
    }
    EXPECT_LT(peer.heard.window, 64u);
    EXPECT_LE(peer.heard.edge(), static_cast<Position>(kBuffer + kSlack) + 1);
  }
}

// Peers bear an edge that a rounding moves (RFC 7323, 2.4), but not that what was promised is
// refused.
TEST(Window, MovesBackByLessThanAStepAndTakesWhatItEverPromised) {
  ChunkPool pool(128);
  Peer peer(ConnectionConfig{}, pool);
  Position at = 1, most = peer.heard.edge();
  for (; peer.heard.window >= 32 && at < 4 * Position{kBuffer}; ++at) {
    peer.say(at, 1, 1);
    peer.pass(50ms);
    ASSERT_GT(peer.heard.edge(), most - 32);
    most = std::max(most, peer.heard.edge());
  }
  peer.say(at, static_cast<std::size_t>(most - at), 1);
  peer.pass(50ms);
  EXPECT_EQ(peer.heard.acknowledgment, most);
}

TEST(Window, KnowsNoRoundingWithoutScaling) {
  ChunkPool pool(128);
  ConnectionConfig config;
  config.receive_buffer = 10'000;
  Peer peer(config, pool, false);
  for (Position at = 1; at < 10'000; ++at) {
    peer.say(at, 1, 1);
    peer.pass(50ms);
    ASSERT_EQ(peer.heard.edge(), 10'001);
  }
}

}  // namespace
}  // namespace poise::tcp
