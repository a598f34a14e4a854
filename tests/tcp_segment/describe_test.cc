// Segments are described as tcpdump itself describes them, line by line.
#include "model/wire/describe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "model/random.h"
#include "model/wire/pcap.h"
#include "tests/tcp_segment/segments.h"

namespace poise::tcp {
namespace {

// A capture on disk for as long as it is looked at.
class Capture {
 public:
  explicit Capture(const std::vector<Bytes>& datagrams)
      : path_(std::filesystem::temp_directory_path() /
              ("poise_describe_" + std::to_string(getpid()) + ".pcap")) {
    std::ofstream file(path_, std::ios::binary);
    const auto put = [&file](const auto& bytes) {
      file.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    };
    put(wire::pcap_file_header());
    for (const Bytes& datagram : datagrams) {
      put(wire::pcap_packet_header(Instant{}, datagram.size()));
      put(datagram);
    }
  }
  ~Capture() { std::filesystem::remove(path_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Numbers as they are: no names, no time, no relative sequence numbers.
  std::vector<std::string> lines_of_tcpdump() const {
    const std::string command = "tcpdump -n -S -t -r " + path_.string() + " 2>/dev/null";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::vector<std::string> lines;
    std::array<char, 1024> line;
    while (pipe && std::fgets(line.data(), line.size(), pipe.get())) {
      lines.emplace_back(line.data());
      lines.back().pop_back();
    }
    return lines;
  }

 private:
  std::filesystem::path path_;
};

void expect_as_tcpdump_says(const std::vector<Bytes>& datagrams) {
  const std::vector<std::string> lines = Capture(datagrams).lines_of_tcpdump();
  ASSERT_EQ(lines.size(), datagrams.size()) << "is tcpdump installed?";
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_EQ(wire::describe(datagrams[i]), lines[i]) << "datagram " << i;
}

// Ports that no dissector of tcpdump's takes for its own.
Envelope envelope(Rng& rng) {
  Envelope envelope{client_flow(rng.below(2) ? Family::v4 : Family::v6)};
  envelope.key.destination_port = 40001;
  envelope.personality = rng.below(2) ? Personality::linux_ : Personality::freebsd;
  return envelope;
}

TEST(Describe, SaysOfOurSegmentsWhatTcpdumpSays) {
  std::vector<Bytes> datagrams;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(seed);
    Segment segment;
    segment.sequence = static_cast<Seq>(rng.next());
    segment.acknowledgment = static_cast<Seq>(rng.next());
    segment.flags = static_cast<std::uint8_t>(rng.next());
    segment.window = static_cast<std::uint16_t>(rng.next());
    segment.urgent = static_cast<std::uint16_t>(rng.next());
    segment.ecn = static_cast<std::uint8_t>(rng.below(4));
    Options& options = segment.options;
    if (rng.below(2)) options.mss = static_cast<std::uint16_t>(rng.next());
    if (rng.below(2)) options.window_scale = static_cast<std::uint8_t>(rng.below(15));
    options.sack_permitted = rng.below(2) != 0;
    if (rng.below(2))
      options.timestamps = Timestamps{static_cast<Seq>(rng.next()), static_cast<Seq>(rng.next())};
    options.sack_count = static_cast<std::uint8_t>(rng.below(5));
    for (SackBlock& block : options.sacks)
      block = {static_cast<Seq>(rng.next()), static_cast<Seq>(rng.next())};
    const Bytes payload(rng.below(3) ? 0 : rng.below(100));
    datagrams.push_back(written(segment, envelope(rng), payload));
  }
  expect_as_tcpdump_says(datagrams);
}

TEST(Describe, SaysOfOptionsInAnyOrderWhatTcpdumpSays) {
  constexpr std::uint8_t kKinds[] = {0, 1, 1, 2, 3, 4, 5, 8, 99};
  constexpr std::uint8_t kSizes[] = {1, 1, 1, 4, 3, 2, 10, 10, 5};
  std::vector<Bytes> datagrams;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(seed);
    Bytes options;
    while (options.size() < 30 && rng.below(8) != 0) {
      const std::size_t i = rng.below(std::size(kKinds));
      options.push_back(kKinds[i]);
      if (kKinds[i] < 2) continue;
      // One in ten has a length that ends the list.
      const std::uint8_t bad = rng.below(2) ? static_cast<std::uint8_t>(rng.below(2)) : 60;
      options.push_back(rng.below(10) == 0 ? bad : kSizes[i]);
      for (std::size_t byte = 2; byte < kSizes[i]; ++byte)
        options.push_back(static_cast<std::uint8_t>(rng.next()));
    }
    datagrams.push_back(with_options(static_cast<std::uint8_t>(rng.next()), options));
  }
  expect_as_tcpdump_says(datagrams);
}

}  // namespace
}  // namespace poise::tcp
