// Every script that a kernel lets through holds behind a real NFQUEUE, with the same bytes as in
// the world in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "model/wire/build.h"
#include "model/wire/describe.h"
#include "tests/scenes/datagram_text.h"
#include "tests/scenes/run.h"
#include "tests/scenes/text.h"
#include "tests/scenes_wire/queue_seat.h"
#include "tests/scenes_wire/way.h"

namespace poise::scene {
namespace {

using realnet::Emission;

// Scripts that cannot be played here, and what is said when they are.
const std::map<std::string, std::string> kLeftOut = {
    // A kernel drops what is not IP before any rule sees it, so no machine counts it.
    {"malformed_datagrams_are_dropped_by_name", "it never came to the queue"},
};

Scene read(const std::string& name) {
  std::ifstream file(std::string(POISE_SCENES) + "/scripts/" + name + ".scene");
  return parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::vector<std::string> all_scripts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(POISE_SCENES "/scripts"))
    if (entry.path().extension() == ".scene") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> scripts() {
  std::vector<std::string> names = all_scripts();
  std::erase_if(names, [](const std::string& name) { return kLeftOut.contains(name); });
  return names;
}

Report run_on_the_wire(const Scene& scene, Emission emission,
                       std::chrono::milliseconds patience = std::chrono::seconds{10}) {
  static KernelHosts hosts;
  return run(scene, std::make_unique<QueueSeats>(hosts, emission, patience));
}

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

class ScenesOnTheWire : public testing::TestWithParam<std::tuple<std::string, Emission>> {};

TEST_P(ScenesOnTheWire, HoldWithTheBytesOfTheWorldInMemory) {
  const auto& [name, emission] = GetParam();
  const Scene scene = read(name);
  const Report report = run_on_the_wire(scene, emission);
  EXPECT_THAT(report.failures, testing::IsEmpty()) << scene.law << "\n" << lines(report.transcript);

  const Report expected = run(scene);
  ASSERT_EQ(report.sightings.size(), expected.sightings.size())
      << "in memory:\n"
      << lines(expected.transcript) << "on the wire:\n"
      << lines(report.transcript);
  for (std::size_t i = 0; i < expected.sightings.size(); ++i) {
    const Sighting& sent = expected.sightings[i];
    const Sighting& seen = report.sightings[i];
    EXPECT_EQ(seen.place, sent.place);
    EXPECT_TRUE(is_the_same_but_for_the_way(sent.bytes, seen.bytes))
        << "at " << sent.place << ": " << wire::describe(sent.bytes) << "\nin memory   "
        << testing::PrintToString(sent.bytes) << "\non the wire "
        << testing::PrintToString(seen.bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(, ScenesOnTheWire,
                         testing::Combine(testing::ValuesIn(scripts()),
                                          testing::Values(Emission::verdict, Emission::raw)),
                         [](const testing::TestParamInfo<std::tuple<std::string, Emission>>& test) {
                           return std::get<0>(test.param) +
                                  (std::get<1>(test.param) == Emission::raw ? "_raw"
                                                                            : "_by_verdict");
                         });

TEST(ScenesLeftOut, AreScriptsThatAKernelDoesNotLetHappen) {
  const std::vector<std::string> all = all_scripts();
  for (const auto& [name, why] : kLeftOut) {
    ASSERT_THAT(all, testing::Contains(name));
    std::string complaint;
    try {
      complaint =
          lines(run_on_the_wire(read(name), Emission::verdict, std::chrono::seconds{1}).failures);
    } catch (const std::exception& error) {
      complaint = error.what();
    }
    EXPECT_THAT(complaint, testing::HasSubstr(why))
        << name << " can be played: take it off the list";
  }
}

TEST(Way, TakesAHopOrGivesAnIdentificationAndNothingElse) {
  const Bytes sent =
      datagram("IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [S], length 0 {ttl 9, id 0}");
  const auto seen = [&](const std::string& modifiers) {
    return is_the_same_but_for_the_way(
        sent,
        datagram("IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [S], length 0 {" + modifiers + "}"));
  };
  EXPECT_TRUE(seen("ttl 9, id 0"));
  EXPECT_TRUE(seen("ttl 8, id 0"));
  EXPECT_TRUE(seen("ttl 9, id 77"));
  EXPECT_FALSE(seen("ttl 7, id 0"));
  EXPECT_FALSE(seen("ttl 10, id 0"));
  EXPECT_FALSE(seen("ttl 8, id 77"));
  EXPECT_FALSE(seen("ttl 9, id 0, tos 4"));
  EXPECT_FALSE(seen("ttl 9, id 0, pad 1"));
}

}  // namespace
}  // namespace poise::scene
