// The witness's rules, W1 to W7 of its header, one a test.
#include "model/tcp/replication/witness.h"

#include <gtest/gtest.h>

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

constexpr PeerId kA = 10, kB = 11;  // the streams of replicas 0 and 1

// A witness, and its two replicas as whoever writes the test.
class Scene : public testing::Test {
 protected:
  Scene() : witness_(config_) {
    witness_.start(now_);
    witness_.on_peer(now_, kA, PeerEvent::up);
    witness_.on_peer(now_, kB, PeerEvent::up);
    says(kA, Hello{.replica = 0});
    says(kB, Hello{.replica = 1});
    wait(config_.lease * 2);
  }

  void wait(Duration duration) { now_ += duration; }

  // What the witness answers to a peer; nothing, when it says nothing.
  std::optional<StreamMessage> says(PeerId peer, const StreamMessage& message) {
    std::string bytes;
    write_message(bytes, message);
    return says_bytes(peer, bytes);
  }
  std::optional<StreamMessage> says_bytes(PeerId peer, const std::string& bytes) {
    witness_.on_message(now_, peer,
                        {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    std::optional<StreamMessage> answer;
    while (const auto out = witness_.next_message()) {
      EXPECT_EQ(out->peer, peer);
      closed_ |= out->kind == Message::Kind::close;
      MessageReader reader;
      reader.feed({reinterpret_cast<const std::uint8_t*>(out->bytes.data()), out->bytes.size()});
      while (auto read = reader.next()) answer = read;
    }
    return answer;
  }

  bool granted(PeerId peer, std::uint64_t epoch, bool takeover, bool alone = true,
               std::uint64_t sent_ns = 1) {
    const auto answer = says(peer, Claim{epoch, peer - kA, takeover, alone, sent_ns});
    const auto* ruling = answer ? std::get_if<Ruling>(&*answer) : nullptr;
    EXPECT_TRUE(ruling && ruling->claim_ns == sent_ns);
    EXPECT_EQ(ruling->epoch, witness_.epoch());
    return ruling->granted;
  }
  bool leased(PeerId peer, std::uint64_t epoch, bool alone = false) {
    const auto answer = says(peer, Heartbeat{.epoch = epoch, .sent_ns = 77, .alone = alone});
    const auto* heartbeat = answer ? std::get_if<Heartbeat>(&*answer) : nullptr;
    EXPECT_TRUE(!heartbeat || (heartbeat->answer && heartbeat->sent_ns == 77));
    return heartbeat != nullptr;
  }
  void restart() {
    witness_ = Witness(config_);
    witness_.start(now_);
    for (const PeerId peer : {kA, kB}) witness_.on_peer(now_, peer, PeerEvent::up);
  }

  const ReplicationConfig config_{.lease = 10ms, .drift = 0.01};
  const Duration promise_ = 10100us;
  Instant now_{};
  Witness witness_;
  bool closed_ = false;
};

TEST_F(Scene, W1GrantsEachEpochOnceAndOnlyTheNext) {
  EXPECT_FALSE(granted(kA, 2, false));
  EXPECT_TRUE(granted(kA, 1, false));
  EXPECT_EQ(witness_.holder(), 0u);
  wait(1s);
  EXPECT_FALSE(granted(kB, 1, false));
  EXPECT_FALSE(granted(kA, 1, false, true, 2));
  EXPECT_FALSE(granted(kA, 3, false));
  EXPECT_EQ(witness_.epoch(), 1u);
}

TEST_F(Scene, W2TheHolderGoesOnAloneAndWithItsStandbyAgain) {
  EXPECT_TRUE(granted(kA, 1, false));
  EXPECT_TRUE(granted(kA, 2, false, false));
  EXPECT_TRUE(granted(kA, 3, false, true));
  EXPECT_EQ(witness_.epoch(), 3u);
}

TEST_F(Scene, W3ATakeoverWaitsForThePromiseToTheHolder) {
  granted(kA, 1, false);
  granted(kA, 2, false, false);
  EXPECT_TRUE(leased(kA, 2));
  wait(promise_ - 1ns);
  EXPECT_FALSE(granted(kB, 3, true));
  wait(1ns);
  EXPECT_TRUE(granted(kB, 3, true));
  EXPECT_EQ(witness_.holder(), 1u);
}

TEST_F(Scene, W3NobodyTakesOverFromWhoIsAlone) {
  granted(kA, 1, false);
  wait(1s);
  EXPECT_FALSE(granted(kB, 2, true));
  EXPECT_FALSE(granted(kB, 2, false));
}

TEST_F(Scene, W3AHandoverReleasesThePromise) {
  granted(kA, 1, false);
  granted(kA, 2, false, false);
  leased(kA, 2);
  EXPECT_FALSE(granted(kB, 3, true));
  says(kB, Handover{3, 5});  // not its to give
  EXPECT_FALSE(granted(kB, 3, true));
  says(kA, Handover{3, 5});
  EXPECT_TRUE(granted(kB, 3, true));
}

TEST_F(Scene, W4WhoLostAllLetsAnyoneBeginAnew) {
  granted(kA, 1, false);
  wait(promise_);
  says(kA, Hello{.epoch = 0, .replica = 0});  // a new life, with nothing
  EXPECT_FALSE(granted(kB, 2, true));         // what it has may be old
  EXPECT_TRUE(granted(kB, 2, false));
}

// A restarted witness knows an epoch and not its holder. When neither replica has anything, no word
// of the holder is left to wait for.
TEST_F(Scene, W4TwoReplicasWithNothingBeginAnew) {
  for (const Lsn logged : {1, 0}) {
    restart();
    says(kA, Hello{.epoch = 5, .logged = logged, .replica = 0});
    says(kB, Hello{.epoch = 5, .replica = 1});
    EXPECT_FALSE(granted(kB, 6, false)) << "not before a lease has passed";
    wait(promise_);
    EXPECT_EQ(granted(kB, 6, false), logged == 0);
    EXPECT_EQ(granted(kA, witness_.epoch() + 1, false), false);
  }
}

TEST_F(Scene, W5APromiseIsForTheLongerOfTwoLeases) {
  granted(kA, 1, false);
  granted(kA, 2, false, false);
  says(kA, Heartbeat{.epoch = 2, .lease_ns = 50'000'000});
  wait(5 * promise_ - 1us);
  EXPECT_FALSE(granted(kB, 3, true));
  wait(1us);
  EXPECT_TRUE(granted(kB, 3, true));
}

TEST_F(Scene, W5OnlyTheHolderAtTheNewestEpochIsLeased) {
  granted(kA, 1, false);
  EXPECT_TRUE(leased(kA, 1));
  EXPECT_FALSE(leased(kB, 1));
  granted(kA, 2, false, false);
  EXPECT_FALSE(leased(kA, 1));
  EXPECT_TRUE(leased(kA, 2));
}

TEST_F(Scene, W5AnOldActiveLearnsThatItIsFenced) {
  granted(kA, 1, false);
  granted(kA, 2, false, false);
  wait(promise_);
  granted(kB, 3, true);
  const auto answer = says(kA, Heartbeat{.epoch = 2});
  const Ruling& ruling = std::get<Ruling>(*answer);
  EXPECT_EQ(ruling.epoch, 3u);
  EXPECT_EQ(ruling.holder, 1u);
  EXPECT_FALSE(ruling.granted);
  EXPECT_EQ(ruling.claim_ns, 0u);
}

TEST_F(Scene, W6ARestartedWitnessGrantsNothingForALease) {
  granted(kA, 1, false);
  restart();
  says(kA, Hello{.epoch = 1, .logged = 4, .active = true, .replica = 0});
  wait(promise_ - 1ns);
  EXPECT_FALSE(leased(kA, 1, true));
  EXPECT_FALSE(granted(kA, 2, false));
  wait(1ns);
  EXPECT_TRUE(leased(kA, 1, true));
  EXPECT_TRUE(granted(kA, 2, false));
}

TEST_F(Scene, W6AfterARestartATakeoverNeedsTheHoldersOwnWord) {
  granted(kA, 1, false);
  granted(kA, 2, false, false);
  restart();
  says(kB, Hello{.epoch = 2, .replica = 1});
  EXPECT_EQ(witness_.epoch(), 2u);
  EXPECT_FALSE(witness_.holder());
  wait(1s);
  EXPECT_FALSE(granted(kB, 3, true));  // its active may have gone on alone
  says(kA, Hello{.epoch = 2, .logged = 4, .active = true, .replica = 0});
  EXPECT_FALSE(granted(kB, 3, true));  // and may be alone now
  EXPECT_TRUE(leased(kA, 2, false));
  wait(promise_);
  EXPECT_TRUE(granted(kB, 3, true));
}

TEST_F(Scene, W7AClaimThatIsSentAgainIsGrantedAgain) {
  granted(kA, 1, false);
  granted(kA, 2, false, false);
  wait(promise_);
  EXPECT_TRUE(granted(kB, 3, true, true, 500));
  witness_.on_peer(now_, kB, PeerEvent::down);
  witness_.on_peer(now_, kB, PeerEvent::up);
  says(kB, Hello{.epoch = 2, .logged = 9, .replica = 1});
  EXPECT_TRUE(granted(kB, 3, true, true, 500));
  EXPECT_FALSE(granted(kB, 3, true, true, 501));  // another life's
}

TEST_F(Scene, WhoSaysNonsenseIsHungUpOn) {
  says_bytes(kA, "\xff\xff\xff");
  EXPECT_TRUE(closed_);
  closed_ = false;
  says(kB, Claim{.epoch = 1, .replica = 0});  // for another
  EXPECT_TRUE(closed_);
  closed_ = false;
  witness_.on_peer(now_, 12, PeerEvent::up);
  says(12, Claim{.epoch = 1, .replica = 0});  // without a Hello
  EXPECT_TRUE(closed_);
  EXPECT_EQ(witness_.epoch(), 0u);
}

TEST_F(Scene, StreamsAreBounded) {
  for (PeerId peer = 100; peer < 200; ++peer) witness_.on_peer(now_, peer, PeerEvent::up);
  std::size_t closed = 0;
  while (const auto out = witness_.next_message()) closed += out->kind == Message::Kind::close;
  EXPECT_EQ(closed, 100 - (Witness::kPeersMax - 2));
}

}  // namespace
}  // namespace poise::tcp
