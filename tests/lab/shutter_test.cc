// Shutters on a loopback device: what they lose, and how fast they move.
#include "realnet/lab/shutter.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {
namespace {

const char* const kHere = "/proc/thread-self/ns/net";

// In a namespace of its own: a shutter on the loopback, and a socket that speaks to itself.
class LabShutter : public ::testing::Test {
 protected:
  LabShutter() : back_(kHere) {
    checked(::unshare(CLONE_NEWNET), "unshare a network namespace");
    EXPECT_EQ(std::system("ip link set lo up"), 0);
    socket_.reset(checked(::socket(AF_INET, SOCK_DGRAM, 0), "open a UDP socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(4000);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* own = reinterpret_cast<const sockaddr*>(&address);
    checked(::bind(socket_.get(), own, sizeof address), "bind");
    checked(::connect(socket_.get(), own, sizeof address), "connect");
  }

  // The loopback delivers before send() returns.
  int arrived_of(int count) {
    int arrived = 0;
    for (int i = 0; i < count; ++i) {
      char byte = 0;
      EXPECT_EQ(::send(socket_.get(), &byte, 1, 0), 1);
      arrived += ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT) == 1;
    }
    return arrived;
  }

  EnterNamespace back_;
  Fd socket_;
};

TEST_F(LabShutter, LosesNothingOpenAndAllShut) {
  Shutter shutter(kHere, "lo");
  shutter.mount();
  EXPECT_EQ(arrived_of(100), 100);
  shutter.lose(1);
  EXPECT_EQ(arrived_of(100), 0);
  shutter.lose(0);
  EXPECT_EQ(arrived_of(100), 100);
}

TEST_F(LabShutter, LosesAShareByChance) {
  Shutter shutter(kHere, "lo");
  shutter.lose(0.25);
  const int arrived = arrived_of(4000);
  EXPECT_GT(arrived, 2800);  // seven standard deviations
  EXPECT_LT(arrived, 3200);
}

TEST_F(LabShutter, IsGoneWithItsObject) {
  { Shutter(kHere, "lo").lose(1); }
  EXPECT_EQ(arrived_of(10), 10);
}

// All clients and servers of a lab wait meanwhile.
TEST_F(LabShutter, MovesInAnInstantOnceItIsMounted) {
  using Clock = std::chrono::steady_clock;
  Shutter shutter(kHere, "lo");
  shutter.mount();
  std::vector<Clock::duration> moves;
  for (int i = 0; i < 41; ++i) {
    const Clock::time_point began = Clock::now();
    shutter.lose(i % 2 == 0 ? 1 : 0);
    moves.push_back(Clock::now() - began);
  }
  std::nth_element(moves.begin(), moves.begin() + 20, moves.end());
  EXPECT_LT(moves[20], std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace poise::realnet::lab
