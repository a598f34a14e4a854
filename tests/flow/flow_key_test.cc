// Flow keys and their hashes: who belongs together, and that the seed matters.
#include "model/flow/flow_key.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "model/hash.h"
#include "model/random.h"
#include "model/wire/build.h"
#include "model/wire/icmp.h"

namespace poise {
namespace {

using wire::TcpSegment;

const Endpoint kClients[] = {{Address::parse("10.0.0.1").value(), 4000},
                             {Address::parse("2001:db8::1").value(), 4000}};
const Endpoint kVips[] = {{Address::parse("10.255.0.1").value(), 80},
                          {Address::parse("2001:db8::2").value(), 80}};

FlowKey key_of_bytes(const std::vector<std::uint8_t>& bytes) {
  wire::Datagram datagram;
  EXPECT_EQ(wire::parse(bytes, datagram), wire::Malformed::none);
  return key_of(datagram);
}

FlowKey some_key() {
  return {kClients[0].address, kVips[0].address, 4000, 80, wire::protocol::kTcp};
}

FlowKey random_key(Rng& rng) {
  return {Address::v4(static_cast<std::uint32_t>(rng.next())), Address::v4(0x0aff0001),
          static_cast<std::uint16_t>(rng.next()), 80, wire::protocol::kTcp};
}

TEST(FlowKey, IsWhatTheDatagramSays) {
  for (const int i : {0, 1}) {
    const FlowKey key =
        key_of_bytes(build(TcpSegment{.source = kClients[i], .destination = kVips[i]}));
    EXPECT_EQ(key,
              (FlowKey{kClients[i].address, kVips[i].address, 4000, 80, wire::protocol::kTcp}));
    EXPECT_EQ(key.source_port, 4000);
    EXPECT_EQ(key.protocol, wire::protocol::kTcp);
  }
}

TEST(FlowKey, OfAnIcmpErrorIsThatOfTheClientsPackets) {
  for (const int i : {0, 1}) {
    const auto request = build(TcpSegment{.source = kClients[i], .destination = kVips[i]});
    // A backend answers from the VIP; a router on the way says that the answer is too big.
    const auto reply = build(TcpSegment{.source = kVips[i], .destination = kClients[i]});
    wire::Datagram datagram;
    ASSERT_EQ(wire::parse(reply, datagram), wire::Malformed::none);
    std::vector<std::uint8_t> error(wire::kIcmpErrorMax);
    error.resize(build_icmp_error(wire::IcmpError::packet_too_big, reply, datagram,
                                  kClients[i].address, 1280, error));
    EXPECT_EQ(key_of_bytes(error), key_of_bytes(request));
  }
}

TEST(FlowKey, OfALaterFragmentHasNoPorts) {
  const std::vector<std::uint8_t> payload(200);
  for (const int i : {0, 1}) {
    const auto whole = build(
        wire::UdpDatagram{.source = kClients[i], .destination = kVips[i], .payload = payload});
    const auto parts = wire::fragment(whole, 120, 1);
    EXPECT_EQ(key_of_bytes(parts[0]), key_of_bytes(whole));
    EXPECT_EQ(key_of_bytes(parts[1]),
              (FlowKey{kClients[i].address, kVips[i].address, 0, 0, wire::protocol::kUdp}));
  }
}

TEST(FlowHasher, NamesOfItsFieldsReadBack) {
  for (const char* name : {"3", "4", "5", "caplance"})
    EXPECT_EQ(to_string(parse_flow_fields(name).value()), name);
  EXPECT_EQ(parse_flow_fields("2"), std::nullopt);
}

// The hash changes with a field exactly when the field is among the chosen ones.
TEST(FlowHasher, LooksAtTheChosenFieldsAndNoOthers) {
  const FlowKey key = some_key();
  FlowKey source = key, destination = key, source_port = key, destination_port = key,
          protocol = key;
  source.source = Address::v4(0x0a000002);
  destination.destination = Address::v4(0x0aff0002);
  source_port.source_port = 4001;
  destination_port.destination_port = 81;
  protocol.protocol = wire::protocol::kUdp;
  struct Row {
    FlowFields fields;
    bool source, destination, source_port, destination_port, protocol;
  };
  for (const Row& row : {Row{FlowFields::three, true, true, false, false, true},
                         Row{FlowFields::four, true, true, true, true, false},
                         Row{FlowFields::five, true, true, true, true, true},
                         Row{FlowFields::caplance, true, false, true, false, false}}) {
    const FlowHasher hash(row.fields, 7);
    const auto differs = [&](const FlowKey& other) { return hash(other) != hash(key); };
    EXPECT_EQ(differs(source), row.source) << to_string(row.fields);
    EXPECT_EQ(differs(destination), row.destination) << to_string(row.fields);
    EXPECT_EQ(differs(source_port), row.source_port) << to_string(row.fields);
    EXPECT_EQ(differs(destination_port), row.destination_port) << to_string(row.fields);
    EXPECT_EQ(differs(protocol), row.protocol) << to_string(row.fields);
  }
}

TEST(FlowHasher, IsCaplancesBitForBit) {
  const FlowHasher hash(FlowFields::caplance, 99);
  const FlowKey first{Address::parse("10.0.0.2").value(), {}, 53686, 80, wire::protocol::kTcp};
  const FlowKey second{Address::parse("192.168.1.2").value(), {}, 789, 80, wire::protocol::kTcp};
  EXPECT_EQ(hash(first), 0x58c31bf47e4ac0deu);
  EXPECT_EQ(hash(second), 0x1141e3a212a68c44u);
}

TEST(FlowHasher, AsCaplanceHashesTheTextOfEveryAddressAndPort) {
  Rng rng(3);
  const FlowHasher hash(FlowFields::caplance);
  for (int i = 0; i < 2000; ++i) {
    FlowKey key = random_key(rng);
    if (i % 2 == 0) key.source_port = static_cast<std::uint16_t>(rng.below(12));
    EXPECT_EQ(hash(key),
              siphash24(SipKey{0xdeadbabe, 0}, Endpoint{key.source, key.source_port}.to_string()));
  }
}

// Written down, so that no compiler and no later change moves a flow unnoticed.
TEST(FlowHasher, GivesTheSameValuesForEver) {
  const FlowKey six{kClients[1].address, kVips[1].address, 4000, 80, wire::protocol::kTcp};
  EXPECT_EQ(FlowHasher(FlowFields::five, 1)(some_key()), 0x35da5e6f60ad0905u);
  EXPECT_EQ(FlowHasher(FlowFields::four, 1)(some_key()), 0xe3b0692f53b6a5a8u);
  EXPECT_EQ(FlowHasher(FlowFields::three, 1)(some_key()), 0x4854406babded732u);
  EXPECT_EQ(FlowHasher(FlowFields::five, 1)(six), 0x6558c4797f94e1e8u);
}

// Each flipped bit of the key flips each bit of the hash half of the time.
TEST(FlowHasher, SpreadsEveryBitOverTheWholeWord) {
  constexpr int kKeys = 2000;
  Rng rng(11);
  for (const std::size_t bit : {96u, 127u, 224u, 255u, 256u, 271u, 272u, 287u, 288u, 295u}) {
    std::vector<int> flips(64);
    for (int i = 0; i < kKeys; ++i) {
      const FlowHasher hash(FlowFields::five, rng.next());
      const FlowKey key = random_key(rng);
      auto words = std::bit_cast<std::array<std::uint64_t, 5>>(key);
      words[bit / 64] ^= std::uint64_t{1} << bit % 64;
      const std::uint64_t difference = hash(key) ^ hash(std::bit_cast<FlowKey>(words));
      for (std::size_t j = 0; j < 64; ++j) flips[j] += static_cast<int>(difference >> j & 1);
    }
    // Six standard deviations of a binomial distribution.
    for (const int count : flips)
      EXPECT_NEAR(count, kKeys / 2, 6 * std::sqrt(kKeys / 4.0)) << "bit " << bit;
  }
}

TEST(FlowHasher, SpreadsNeighbouringFlowsEvenly) {
  constexpr std::size_t kBins = 1000, kFlows = 200000;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const FlowFields fields = seed % 2 == 0 ? FlowFields::five : FlowFields::four;
    const FlowHasher hash(fields, seed);
    std::vector<int> by_top(kBins), by_bottom(kBins);
    for (std::size_t i = 0; i < kFlows; ++i) {
      FlowKey key = some_key();
      key.source = Address::v4(0x0a000000u + static_cast<std::uint32_t>(i / 1000));
      key.source_port = static_cast<std::uint16_t>(10000 + i % 1000);
      ++by_top[reduce(hash(key), kBins)];
      ++by_bottom[hash(key) % kBins];
    }
    for (const auto& bins : {by_top, by_bottom}) {
      double chi_square = 0;
      const double mean = static_cast<double>(kFlows) / kBins;
      for (const int count : bins) chi_square += (count - mean) * (count - mean) / mean;
      // 999 degrees of freedom: mean 999, standard deviation 44.7; six of them.
      EXPECT_NEAR(chi_square, 999, 6 * 44.7) << "seed " << seed;
    }
  }
}

// Keys that collide in a small table under one seed scatter under another.
TEST(FlowHasher, CollisionsOfOneSeedDoNotHoldUnderAnother) {
  constexpr std::uint64_t kSlots = 1000;
  Rng rng(17);
  const FlowHasher known(FlowFields::five, 1), secret(FlowFields::five, 2);
  std::set<std::uint64_t> slots;
  int found = 0;
  while (found < 200) {
    const FlowKey key = random_key(rng);
    if (reduce(known(key), kSlots) != 7) continue;
    ++found;
    slots.insert(reduce(secret(key), kSlots));
  }
  EXPECT_GT(slots.size(), 150u);  // 181 are expected of 200 balls in 1,000 bins
}

}  // namespace
}  // namespace poise
