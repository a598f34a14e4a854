// The laws of a queue: every datagram gets its verdict, whatever it is.
#include "realnet/packets/nfqueue.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "realnet/packets/raw_sender.h"
#include "tests/packets/own_network.h"

namespace poise::realnet {
namespace {

using Fate = Queue::Fate;
using Bytes = std::vector<std::uint8_t>;

// UDP from port 1000 to port 2000 of 10.9.0.1 and fd09::1 goes through queue 7.
class NfQueue : public testing::Test {
 protected:
  void SetUp() override {
    enter_own_network();
    run("iptables -t raw -A PREROUTING -d 10.9.0.1 -p udp -j NFQUEUE --queue-num 7");
    run("ip6tables -t raw -A PREROUTING -d fd09::1 -p udp -j NFQUEUE --queue-num 7");
  }
  static QueueSettings settings() { return {.number = 7}; }

  // Waits for `count` datagrams and gives each the fate that `decide` says.
  template <class Decide>
  static void serve(Queue& queue, std::size_t count, Decide decide) {
    std::size_t empty = 0;
    while (count > 0 && empty < 40) {
      const std::size_t got = queue.receive();
      empty += got == 0;
      std::vector<Fate> fates;
      for (Packet& packet : queue.packets()) fates.push_back(decide(packet));
      queue.settle(fates);
      count -= std::min(count, got);
    }
    EXPECT_EQ(count, 0u) << "datagrams that never reached the queue";
  }
  static Bytes text(const std::string& text) { return {text.begin(), text.end()}; }
};

// Sends it to .2 (or ::2) instead of .1: the last byte of the destination, and the checksums.
Fate redirect(Packet& packet) {
  const std::span<std::uint8_t> bytes = packet.bytes();
  const bool is_v4 = bytes[0] >> 4 == 4;
  bytes[is_v4 ? 19 : 39] = 2;
  if (is_v4) {
    bytes[10] = bytes[11] = 0;
    const std::uint16_t sum = wire::checksum(bytes.first(20));
    bytes[10] = static_cast<std::uint8_t>(sum >> 8);
    bytes[11] = static_cast<std::uint8_t>(sum);
  }
  wire::Datagram datagram;
  EXPECT_EQ(wire::parse(bytes, datagram), wire::Malformed::none);
  wire::write_transport_checksum(bytes, datagram);
  return Fate::replace;
}

TEST_F(NfQueue, WhatIsAcceptedGoesOnAsItCame) {
  Queue queue(settings());
  UdpSocket client("10.9.0.2", 1000), server("10.9.0.1", 2000);
  client.send_to("10.9.0.1", 2000, text("hello"));
  serve(queue, 1, [](Packet&) { return Fate::accept; });
  EXPECT_EQ(server.receive(), text("hello"));
}

TEST_F(NfQueue, WhatIsReplacedGoesOnWithItsNewBytes) {
  Queue queue(settings());
  UdpSocket client("10.9.0.2", 1000), meant("10.9.0.1", 2000), got("10.9.0.2", 2000);
  client.send_to("10.9.0.1", 2000, text("hello"));
  serve(queue, 1, redirect);
  EXPECT_EQ(got.receive(), text("hello"));
}

TEST_F(NfQueue, AMovedQueueReadsWhereItsMemoryIs) {
  auto first = std::make_unique<Queue>(settings());
  Queue queue(std::move(*first));
  first.reset();
  UdpSocket client("10.9.0.2", 1000), server("10.9.0.1", 2000);
  client.send_to("10.9.0.1", 2000, text("hello"));
  serve(queue, 1, [](Packet&) { return Fate::accept; });
  EXPECT_EQ(server.receive(), text("hello"));
}

TEST_F(NfQueue, SoDoesIpv6) {
  Queue queue(settings());
  UdpSocket client("fd09::2", 1000), got("fd09::2", 2000);
  client.send_to("fd09::1", 2000, text("hello"));
  serve(queue, 1, redirect);
  EXPECT_EQ(got.receive(), text("hello"));
}

TEST_F(NfQueue, WhatIsDroppedIsGoneAndItsNeighboursAreNot) {
  Queue queue(settings());
  UdpSocket client("10.9.0.2", 1000), server("10.9.0.1", 2000), other("10.9.0.2", 2000);
  for (char c = '0'; c <= '8'; ++c) client.send_to("10.9.0.1", 2000, text({c}));
  int i = 0;
  serve(queue, 9, [&](Packet& packet) {
    switch (i++ % 3) {
      case 0:
        return Fate::accept;
      case 1:
        return redirect(packet);
      default:
        return Fate::drop;
    }
  });
  for (const char* expected : {"0", "3", "6"}) EXPECT_EQ(server.receive(), text(expected));
  for (const char* expected : {"1", "4", "7"}) EXPECT_EQ(other.receive(), text(expected));
}

TEST_F(NfQueue, PartialChecksumsAreFinishedBeforeAnybodyLooks) {
  Queue queue(settings());
  UdpSocket client("10.9.0.2", 1000), server("10.9.0.1", 2000);
  client.send_to("10.9.0.1", 2000, text("hello"));
  serve(queue, 1, [](Packet& packet) {
    wire::Datagram datagram;
    EXPECT_EQ(wire::parse(packet.bytes(), datagram), wire::Malformed::none);
    EXPECT_TRUE(wire::has_right_transport_checksum(packet.bytes(), datagram));
    return Fate::drop;
  });
}

TEST_F(NfQueue, LargeDatagramsNeverWedgeIt) {
  run("ip link set lo mtu 65536");
  QueueSettings small = settings();
  small.length = 100;
  Queue queue(small);
  UdpSocket client("10.9.0.2", 1000), server("10.9.0.1", 2000);
  for (const std::size_t size : {1400u, 4096u, 9000u, 16000u, 65507u}) {
    for (int round = 0; round < 150; ++round) {  // more than the queue holds
      client.send_to("10.9.0.1", 2000, Bytes(size, 'x'));
      serve(queue, 1, [](Packet&) { return Fate::drop; });
    }
    client.send_to("10.9.0.1", 2000, Bytes(size, 'y'));
    serve(queue, 1, [](Packet&) { return Fate::accept; });
    EXPECT_EQ(server.receive(), Bytes(size, 'y'));
  }
}

TEST_F(NfQueue, GrowsADatagramByATunnelWithinItsHeadroom) {
  Queue queue(settings());
  UdpSocket client("10.9.0.2", 1000), tunnel("10.9.0.2", 6080);
  client.send_to("10.9.0.1", 2000, Bytes(65000, 'z'));
  Bytes inner;
  serve(queue, 1, [&](Packet& packet) {
    packet.resize(1028);  // the kernel will not grow beyond the largest datagram
    inner.assign(packet.bytes().begin(), packet.bytes().end());
    std::uint8_t* outer = packet.prepend(28);
    const Bytes header{0x45, 0, 0x04, 0x20, 0, 1, 0,    0, 64,   17,   0,    0,    10, 9,
                       0,    3, 10,   9,    0, 2, 0x10, 0, 0x17, 0xc0, 0x04, 0x0c, 0,  0};
    std::ranges::copy(header, outer);
    const std::uint16_t sum = wire::checksum({outer, 20});
    outer[10] = static_cast<std::uint8_t>(sum >> 8);
    outer[11] = static_cast<std::uint8_t>(sum);
    return Fate::replace;
  });
  EXPECT_EQ(tunnel.receive(), inner);
}

TEST_F(NfQueue, AFullBurstOfTheLargestIsSettledInPieces) {
  run("ip link set lo mtu 65536");
  Queue queue(settings());
  UdpSocket client("10.9.0.2", 1000), got("10.9.0.2", 2000);
  for (int i = 0; i < 64; ++i) client.send_to("10.9.0.1", 2000, Bytes(60000, std::uint8_t('a')));
  std::size_t seen = 0;
  serve(queue, 64, [&](Packet& packet) {
    ++seen;
    return seen <= 2 ? redirect(packet) : Fate::drop;
  });
  EXPECT_EQ(got.receive().size(), 60000u);
  EXPECT_EQ(got.receive().size(), 60000u);
  EXPECT_EQ(queue.counters().verdicts_failed, 0u);
}

TEST_F(NfQueue, ASecondReaderIsToldThatItIsTaken) {
  const Queue first(settings());
  try {
    const Queue second(settings());
    FAIL() << "two readers";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "NFQUEUE 7: bind: another process holds it");
  }
}

TEST_F(NfQueue, NeedsThePrivilegeAndSaysSo) {
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(::setuid(65534));
    try {
      const Queue queue(settings());
    } catch (const SystemError& error) {
      ::_exit(std::string(error.what()).find("Operation not permitted") != std::string::npos ? 3
                                                                                             : 4);
    }
    ::_exit(5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST_F(NfQueue, RawDatagramsLeaveAsTheyAre) {
  RawSender sender;
  UdpSocket got("10.9.0.2", 2000);
  Bytes memory{0x45, 0, 0, 33,   0,    9,    0,    0, 64, 17, 0, 0,   10,  9,   0,   1,  10,
               9,    0, 2, 0x03, 0xe8, 0x07, 0xd0, 0, 13, 0,  0, 'h', 'e', 'l', 'l', 'o'};
  sender.send(Packet(memory, 0, memory.size()));
  EXPECT_EQ(got.receive(), text("hello"));
  memory[19] = 0;  // 10.9.0.0 has no route here
  sender.send(Packet(memory, 0, memory.size()));
  Bytes nonsense{0, 1, 2};
  sender.send(Packet(nonsense, 0, nonsense.size()));
  EXPECT_EQ(sender.counters().sent, 1u);
  EXPECT_EQ(sender.counters().unreachable, 1u);
  EXPECT_EQ(sender.counters().failed, 1u);
}

}  // namespace
}  // namespace poise::realnet
