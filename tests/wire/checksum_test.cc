// The laws of the Internet checksum, and the RFCs' own examples.
#include "model/wire/checksum.h"

#include <gtest/gtest.h>

#include "model/random.h"
#include "model/wire/bytes.h"
#include "tests/wire/datagrams.h"

namespace poise::wire {
namespace {

// RFC 1071, word by word.
std::uint16_t plain_checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) sum += bytes[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

TEST(Checksum, MatchesTheExampleOfRfc1071) {
  const Bytes words = from_hex("0001f203f4f5f6f7");
  EXPECT_EQ(checksum_fold(checksum_sum(words)), 0xddf2);
  EXPECT_EQ(checksum(words), 0x220d);
}

TEST(Checksum, UpdatesAsTheExampleOfRfc1624Says) {
  EXPECT_EQ(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

TEST(Checksum, IsThatOfTheWordByWordSumForEveryLength) {
  Rng rng(1);
  for (std::size_t size = 0; size <= 130; ++size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
    EXPECT_EQ(checksum(bytes), plain_checksum(bytes)) << size << " bytes";
  }
}

Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

TEST(Checksum, CopiesWhatItSumsAndNothingElse) {
  Rng rng(3);
  for (std::size_t size = 0; size <= 700; ++size) {
    const std::size_t from = rng.below(9), to = rng.below(9);
    const Bytes source = random_bytes(rng, from + size);
    const Bytes bytes(source.begin() + static_cast<long>(from), source.end());
    Bytes target(to + size + 9, 0xa5);
    EXPECT_EQ(checksum_finish(checksum_copy(target.data() + to, std::span(source).subspan(from))),
              plain_checksum(bytes))
        << size << " bytes";
    Bytes expected(to, 0xa5);
    expected.insert(expected.end(), bytes.begin(), bytes.end());
    expected.resize(to + size + 9, 0xa5);
    EXPECT_EQ(target, expected) << size << " bytes";
  }
}

TEST(Checksum, LosesNoCarry) {
  for (const std::size_t size : {64u, 127u, 128u, 1460u, 65535u}) {
    Bytes bytes(size, 0xff);
    EXPECT_EQ(checksum(bytes), plain_checksum(bytes)) << size << " bytes";
    bytes[size / 2] = 0xfe;
    EXPECT_EQ(checksum(bytes), plain_checksum(bytes)) << size << " bytes";
  }
}

TEST(Checksum, OfAPartAtAnOddOffsetCountsSwapped) {
  Rng rng(4);
  for (int i = 0; i < 500; ++i) {
    const Bytes whole = random_bytes(rng, rng.below(400));
    const std::span<const std::uint8_t> bytes = whole;
    const std::size_t cut = rng.below(whole.size() + 1);
    const std::uint64_t rest = checksum_sum(bytes.subspan(cut));
    EXPECT_EQ(checksum_finish(checksum_sum(bytes.first(cut)) +
                              (cut % 2 != 0 ? checksum_swap(rest) : rest)),
              plain_checksum(whole));
  }
}

TEST(Checksum, OfThePseudoHeaderIsThatOfItsBytes) {
  Rng rng(5);
  for (int i = 0; i < 200; ++i) {
    const auto size = static_cast<std::uint32_t>(rng.below(65536));
    const auto low = static_cast<std::uint8_t>(size), high = static_cast<std::uint8_t>(size >> 8);
    Bytes four = random_bytes(rng, 8);
    const Address a4 = Address::v4(load32(four.data())), b4 = Address::v4(load32(four.data() + 4));
    four.insert(four.end(), {0, 6, high, low});
    EXPECT_EQ(checksum_finish(pseudo_header_sum(a4, b4, 6, size)), plain_checksum(four));
    Bytes six = random_bytes(rng, 32);
    const Address a6 = load_v6(six.data()), b6 = load_v6(six.data() + 16);
    six.insert(six.end(), {0, 0, high, low, 0, 0, 0, 6});
    EXPECT_EQ(checksum_finish(pseudo_header_sum(a6, b6, 6, size)), plain_checksum(six));
  }
}

TEST(Checksum, OfAChainIsThatOfTheWhole) {
  const Bytes whole = data(Family::v6);
  const std::span<const std::uint8_t> bytes = whole;
  for (std::size_t cut = 0; cut <= whole.size(); cut += 2)
    EXPECT_EQ(checksum_finish(checksum_sum(bytes.subspan(cut), checksum_sum(bytes.first(cut)))),
              checksum(whole));
}

TEST(Checksum, UpdatedWordByWordStaysTheChecksumOfTheWhole) {
  Rng rng(2);
  Bytes bytes(40);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  std::uint16_t field = checksum(bytes);
  for (int i = 0; i < 1000; ++i) {
    const std::size_t at = rng.below(20) * 2;
    const auto old_word = static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
    const auto new_word = static_cast<std::uint16_t>(rng.next());
    bytes[at] = static_cast<std::uint8_t>(new_word >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(new_word);
    field = checksum_update(field, old_word, new_word);
    ASSERT_EQ(field, checksum(bytes));
  }
}

TEST(Checksum, OfTheTransportNoticesEveryFlippedBit) {
  for (const Family family : kFamilies)
    for (Bytes bytes : {syn(family), data(family), udp(family), echo(family)}) {
      Datagram datagram;
      ASSERT_EQ(parse(bytes, datagram), Malformed::none);
      EXPECT_TRUE(has_right_transport_checksum(bytes, datagram));
      for (std::size_t bit = std::size_t{datagram.transport_offset} * 8; bit < bytes.size() * 8;
           ++bit) {
        Bytes flipped = bytes;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << bit % 8);
        Datagram other;
        if (parse(flipped, other) != Malformed::none) continue;  // found out by other means
        EXPECT_FALSE(has_right_transport_checksum(flipped, other)) << "bit " << bit;
      }
    }
}

TEST(Checksum, IsNotExpectedOfUdpOverIpv4ThatCarriesNone) {
  Bytes four = udp(Family::v4), six = udp(Family::v6);
  four[26] = four[27] = 0;
  six[46] = six[47] = 0;
  Datagram datagram;
  ASSERT_EQ(parse(four, datagram), Malformed::none);
  EXPECT_TRUE(has_right_transport_checksum(four, datagram));
  ASSERT_EQ(parse(six, datagram), Malformed::none);
  EXPECT_FALSE(has_right_transport_checksum(six, datagram));
}

TEST(Checksum, IsWrittenAsItWasBuilt) {
  for (const Family family : kFamilies)
    for (const Bytes& bytes : {syn(family), data(family), udp(family), echo(family)}) {
      Datagram datagram;
      ASSERT_EQ(parse(bytes, datagram), Malformed::none);
      Bytes again = bytes;
      const std::size_t field = datagram.transport_offset + (datagram.is_tcp()   ? std::size_t{16}
                                                             : datagram.is_udp() ? std::size_t{6}
                                                                                 : std::size_t{2});
      again[field] = 0x5a;
      write_transport_checksum(again, datagram);
      EXPECT_EQ(again, bytes);
    }
}

TEST(Checksum, OfUdpIsNeverWrittenAsNone) {
  // The payload is chosen so that the sum is all ones.
  Bytes bytes = build(UdpDatagram{
      .source = kClient4, .destination = kVip4, .payload = std::vector<std::uint8_t>(2)});
  bytes[28] = bytes[26];
  bytes[29] = bytes[27];
  Datagram datagram;
  ASSERT_EQ(parse(bytes, datagram), Malformed::none);
  write_transport_checksum(bytes, datagram);
  EXPECT_EQ(bytes[26], 0xff);
  EXPECT_EQ(bytes[27], 0xff);
  EXPECT_TRUE(has_right_transport_checksum(bytes, datagram));
}

}  // namespace
}  // namespace poise::wire
