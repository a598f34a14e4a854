// Any bytes give an answer: cut everywhere, changed everywhere, and noise; under the sanitizers.
#include <gtest/gtest.h>

#include <memory>

#include "model/random.h"
#include "model/wire/describe.h"
#include "model/wire/rewrite.h"
#include "tests/wire/surgery.h"

namespace poise::wire {
namespace {

// Everything that this room does with foreign bytes. They lie in memory of exactly their size.
void handle(const Bytes& bytes) {
  const auto exact = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const std::span<const std::uint8_t> view(exact.get(), bytes.size());
  Datagram datagram;
  const Malformed verdict = parse(view, datagram);
  EXPECT_FALSE(describe(view).empty());
  for (const Encapsulation encapsulation : kEncapsulations) {
    Lent lent(bytes);
    const Malformed stripped = decapsulate(encapsulation, lent.packet());
    if (stripped == Malformed::none)
      EXPECT_LT(lent.packet().size(), bytes.size());
    else
      EXPECT_EQ(lent.bytes(), bytes) << "a refused packet was changed";
  }
  if (verdict != Malformed::none) return;

  ASSERT_LE(datagram.total_size, bytes.size());
  ASSERT_LE(datagram.payload_offset + std::size_t{datagram.payload_size}, datagram.total_size);
  ASSERT_LE(datagram.transport_offset, datagram.payload_offset);
  has_right_transport_checksum(view, datagram);
  Bytes answer(kIcmpErrorMax);
  const std::size_t size =
      build_icmp_error(IcmpError::packet_too_big, view, datagram,
                       datagram.family == Family::v4 ? kVip4.address : kVip6.address, 1400, answer);
  if (size != 0) {
    Datagram error;
    answer.resize(size);
    ASSERT_EQ(parse(answer, error), Malformed::none) << describe(view);
    EXPECT_TRUE(has_right_transport_checksum(answer, error));
  }
  Lent lent(bytes);
  clamp_mss(lent.packet(), datagram, 500);
  Lent other(bytes);
  make_echo_reply(other.packet(), datagram);
}

TEST(Hostile, EveryCutOfEveryDatagramIsHandled) {
  for (const Bytes& bytes : menagerie())
    for (std::size_t size = 0; size <= bytes.size(); ++size)
      handle(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size)));
}

TEST(Hostile, EveryCutIsRefusedByTheParser) {
  for (const Bytes& bytes : menagerie())
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Datagram datagram;
      EXPECT_NE(parse(std::span(bytes).first(size), datagram), Malformed::none);
    }
}

TEST(Hostile, EveryCutThatMendsItsLengthsIsHandled) {
  for (const Bytes& bytes : menagerie())
    for (std::size_t size = 20; size <= bytes.size(); ++size) {
      Bytes cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
      if (cut[0] >> 4 == 4) {
        store16(cut.data() + 2, static_cast<std::uint16_t>(size));
        handle(mended(cut));
      } else if (size >= 40) {
        store16(cut.data() + 4, static_cast<std::uint16_t>(size - 40));
        handle(cut);
      }
    }
}

TEST(Hostile, EveryChangedByteIsHandled) {
  for (const Bytes& bytes : menagerie())
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const unsigned value :
           {0x00u, 0xffu, bytes[at] ^ 1u, bytes[at] ^ 0x80u, bytes[at] + 1u}) {
        Bytes changed = bytes;
        changed[at] = static_cast<std::uint8_t>(value);
        handle(changed);
        if (changed[0] >> 4 == 4 && at < 20 && (changed[0] & 0xfu) * 4u <= changed.size() &&
            (changed[0] & 0xf) >= 5)
          handle(mended(changed));  // so that the checksum does not hide what lies behind it
      }
}

TEST(Hostile, NoiseIsHandled) {
  Rng rng(5);
  const std::vector<Bytes> all = menagerie();
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = all[rng.below(all.size())];
    for (std::uint64_t n = rng.below(6); n != 0; --n)
      bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.next());
    bytes.resize(rng.below(bytes.size() + 1) + rng.below(2) * 8);
    handle(bytes);
    if (bytes.size() >= 20 && bytes[0] == 0x45) handle(mended(bytes));
  }
}

}  // namespace
}  // namespace poise::wire
