// Every script under scripts/ holds, and every script under wrong/ is caught.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "model/wire/describe.h"
#include "tests/scenes/datagram_text.h"
#include "tests/scenes/run.h"
#include "tests/scenes/text.h"

namespace poise::scene {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> scripts(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(POISE_SCENES "/" + folder))
    if (entry.path().extension() == ".scene") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

std::string name_of(const testing::TestParamInfo<std::string>& test) {
  return test.param;
}

class Scenes : public testing::TestWithParam<std::string> {};

TEST_P(Scenes, Holds) {
  const std::string path = std::string(POISE_SCENES) + "/scripts/" + GetParam() + ".scene";
  const Scene scene = parse(read(path));
  const Report report = run(scene);
  EXPECT_THAT(report.failures, testing::IsEmpty()) << path << ": " << scene.law << "\n"
                                                   << lines(report.transcript);
}
INSTANTIATE_TEST_SUITE_P(, Scenes, testing::ValuesIn(scripts("scripts")), name_of);

// The first line of a wrong script says what must be complained about.
class WrongScenes : public testing::TestWithParam<std::string> {};

TEST_P(WrongScenes, AreCaught) {
  const std::string text = read(std::string(POISE_SCENES) + "/wrong/" + GetParam() + ".scene");
  const std::string expected(trim(std::string_view(text).substr(1, text.find('\n') - 1)));
  std::string complaint;
  try {
    complaint = lines(run(parse(text)).failures);
  } catch (const Wrong& wrong) {
    complaint = wrong.what();
  }
  EXPECT_THAT(complaint, testing::HasSubstr(expected));
}
INSTANTIATE_TEST_SUITE_P(, WrongScenes, testing::ValuesIn(scripts("wrong")), name_of);

TEST(DatagramText, IsWhatDescribeWrites) {
  for (const std::string text :
       {"IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [S], seq 7, win 65535, options [mss 1460], "
        "length 0",
        "IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [P.], seq 1:101, ack 2, win 512, length 100",
        "IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [SEW], seq 7, win 65535, options [mss "
        "1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
        "IP6 2001:db8::1.4000 > 2001:db8::2.80: Flags [.], ack 9, win 1, options [nop,nop,TS val 1 "
        "ecr 2,nop,nop,sack 2 {20:30}{40:4294967295}], length 0",
        "IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [S], seq 7, win 1, options [mss 1460,sackOK,eol], "
        "length 0",
        "IP6 2001:db8::1.53 > 2001:db8::2.4000: UDP, length 12",
        "IP 10.0.0.1.50000 > 10.0.1.1.6080: GUE: IP 10.1.0.1.9 > 10.255.0.1.53: UDP, length 4"})
    EXPECT_EQ(wire::describe(datagram(text)), text);
}

}  // namespace
}  // namespace poise::scene
