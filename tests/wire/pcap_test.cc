// The headers of a capture, byte by byte.
#include "model/wire/pcap.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace poise::wire {
namespace {

template <class Bytes>
std::string hex(const Bytes& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(Pcap, TheFileSaysNanosecondsAndRawDatagrams) {
  EXPECT_EQ(hex(pcap_file_header()), "4d3cb2a1020004000000000000000000ffff000065000000");
}

TEST(Pcap, APacketHasSecondsNanosecondsAndItsSizeTwice) {
  const Instant at{std::chrono::seconds{258} + std::chrono::nanoseconds{999'999'999}};
  EXPECT_EQ(hex(pcap_packet_header(at, 1500)), "02010000ffc99a3bdc050000dc050000");
}

}  // namespace
}  // namespace poise::wire
