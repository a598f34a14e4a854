// Every way for bytes not to be a datagram, each under its own name.
#include <gtest/gtest.h>

#include "tests/wire/surgery.h"

namespace poise::wire {
namespace {

Malformed verdict(const Bytes& bytes) {
  Datagram datagram;
  return parse(bytes, datagram);
}

Bytes changed(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes[at] = value;
  return bytes;
}

TEST(Malformed, NamesAreUnique) {
  for (std::size_t i = 0; i < kMalformedCount; ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(to_string(static_cast<Malformed>(i)), to_string(static_cast<Malformed>(j)));
}

TEST(Malformed, NothingIsEmpty) {
  EXPECT_EQ(verdict({}), Malformed::empty);
}

TEST(Malformed, OnlyVersionsFourAndSixAreKnown) {
  for (unsigned version = 0; version < 16; ++version) {
    if (version == 4 || version == 6) continue;
    EXPECT_EQ(verdict(changed(data(Family::v4), 0, static_cast<std::uint8_t>(version << 4 | 5))),
              Malformed::version);
  }
}

TEST(Malformed, AHeaderCutOffIsTruncated) {
  EXPECT_EQ(verdict(Bytes(19, 0x45)), Malformed::truncated);
  EXPECT_EQ(verdict(Bytes(39, 0x60)), Malformed::truncated);
}

TEST(Malformed, AnIpv4HeaderHasTwentyBytesAtLeastAndIsThere) {
  EXPECT_EQ(verdict(changed(data(Family::v4), 0, 0x44)), Malformed::header_length);
  Bytes bytes = data(Family::v4);
  bytes.resize(40);
  EXPECT_EQ(verdict(changed(bytes, 0, 0x4f)), Malformed::header_length);
}

TEST(Malformed, EveryFlippedBitOfAnIpv4HeaderIsFoundOut) {
  const Bytes bytes = data(Family::v4);
  for (std::size_t bit = 0; bit < 160; ++bit) {
    if (bit == 5) continue;  // makes it version 6, which has no such checksum
    const auto flipped = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1 << bit % 8);
    EXPECT_NE(verdict(changed(bytes, bit / 8, flipped)), Malformed::none) << "bit " << bit;
  }
}

TEST(Malformed, ATotalLengthIsNeitherBeyondTheBytesNorWithinTheHeader) {
  for (const std::uint16_t length : {std::uint16_t{19}, std::uint16_t{0}, std::uint16_t{54}}) {
    Bytes bytes = data(Family::v4);  // 53 bytes
    store16(bytes.data() + 2, length);
    EXPECT_EQ(verdict(mended(bytes)), Malformed::total_length) << length;
  }
  Bytes bytes = data(Family::v6);
  store16(bytes.data() + 4, static_cast<std::uint16_t>(bytes.size() - 40 + 1));
  EXPECT_EQ(verdict(bytes), Malformed::total_length);
}

TEST(Malformed, Ipv4OptionsMustAddUp) {
  for (const Bytes& options :
       {Bytes{7, 0, 0, 0}, Bytes{7, 1, 0, 0}, Bytes{7, 5, 0, 0}, Bytes{1, 1, 1, 7}})
    EXPECT_EQ(verdict(with_options(data(Family::v4), options)), Malformed::options);
}

// `count` destination-options headers of 8 bytes, then TCP.
Bytes chain(int count) {
  Bytes headers;
  for (int i = 0; i < count; ++i) {
    const std::uint8_t next = i + 1 == count ? protocol::kTcp : protocol::kDestinationOptions;
    headers.insert(headers.end(), {next, 0, 1, 4, 0, 0, 0, 0});
  }
  return with_extensions(data(Family::v6), protocol::kDestinationOptions, headers);
}

TEST(Malformed, ExtensionHeadersAreWalkedUpToTheirBound) {
  EXPECT_EQ(verdict(chain(kExtensionHeadersMax)), Malformed::none);
  EXPECT_EQ(verdict(chain(kExtensionHeadersMax + 1)), Malformed::extension_headers);
}

TEST(Malformed, HopByHopOptionsComeFirst) {
  const Bytes headers{protocol::kHopByHop, 0, 1, 4, 0, 0, 0, 0,
                      protocol::kTcp,      0, 1, 4, 0, 0, 0, 0};
  EXPECT_EQ(verdict(with_extensions(data(Family::v6), protocol::kDestinationOptions, headers)),
            Malformed::extension_headers);
}

TEST(Malformed, ThereIsOneFragmentHeaderAtMost) {
  const Bytes headers{protocol::kFragment, 0, 0, 0, 0, 0, 0, 9,
                      protocol::kTcp,      0, 0, 0, 0, 0, 0, 9};
  EXPECT_EQ(verdict(with_extensions(data(Family::v6), protocol::kFragment, headers)),
            Malformed::extension_headers);
}

TEST(Malformed, AnExtensionHeaderBeyondTheDatagramIsRefused) {
  const Bytes headers{protocol::kTcp, 255, 1, 4, 0, 0, 0, 0};
  EXPECT_EQ(verdict(with_extensions(data(Family::v6), protocol::kDestinationOptions, headers)),
            Malformed::extension_headers);
}

TEST(Malformed, NoFragmentReachesBeyondTheLargestDatagram) {
  Bytes bytes = udp(Family::v4);
  store16(bytes.data() + 6, 0x1fff);  // offset 65,528
  EXPECT_EQ(verdict(mended(bytes)), Malformed::fragment);
}

TEST(Malformed, InnerFragmentsComeInMultiplesOfEightBytes) {
  Bytes bytes = udp(Family::v4);  // 21 bytes behind the header
  store16(bytes.data() + 6, 0x2000);
  EXPECT_EQ(verdict(mended(bytes)), Malformed::fragment);
  const Bytes header{protocol::kUdp, 0, 0, 1, 0, 0, 0, 9};
  EXPECT_EQ(verdict(with_extensions(udp(Family::v6), protocol::kFragment, header)),
            Malformed::fragment);
}

TEST(Malformed, AFirstFragmentHoldsItsTransportHeader) {
  const std::vector<Bytes> parts = fragment(data(Family::v6), 64, 1);  // 16 bytes of TCP each
  EXPECT_EQ(verdict(parts.at(0)), Malformed::tiny_fragment);
  Bytes bytes = data(Family::v4);
  bytes.resize(20 + 16);
  store16(bytes.data() + 2, 36);
  store16(bytes.data() + 6, 0x2000);
  EXPECT_EQ(verdict(mended(bytes)), Malformed::tiny_fragment);
}

TEST(Malformed, NoFragmentMayOverwriteTcpFlags) {
  Bytes bytes = data(Family::v4);
  store16(bytes.data() + 6, 0x0001);  // offset 8, the last
  EXPECT_EQ(verdict(mended(bytes)), Malformed::tiny_fragment);
}

TEST(Malformed, TransportLengthsMustFitTheDatagram) {
  for (const Family family : kFamilies) {
    const std::size_t at = family == Family::v4 ? 20 : 40;
    EXPECT_EQ(verdict(changed(data(family), at + 12, 0x40)), Malformed::transport_length);
    EXPECT_EQ(verdict(changed(data(family), at + 12, 0xf0)), Malformed::transport_length);
    EXPECT_EQ(verdict(changed(udp(family), at + 5, 7)), Malformed::transport_length);
    EXPECT_EQ(verdict(changed(udp(family), at + 5, 22)), Malformed::transport_length);
  }
}

TEST(Malformed, MappedAddressesDoNotOccurOnTheWire) {
  for (const std::size_t at : {std::size_t{8}, std::size_t{24}}) {
    Bytes bytes = data(Family::v6);
    const Address mapped = address("10.0.0.1");
    std::copy(mapped.bytes().begin(), mapped.bytes().end(), bytes.begin() + static_cast<long>(at));
    EXPECT_EQ(verdict(bytes), Malformed::mapped_address);
  }
}

}  // namespace
}  // namespace poise::wire
