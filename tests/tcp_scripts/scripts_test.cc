// Every script under scripts/ holds over both families, and every script under wrong/ is caught.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "tests/tcp_scripts/stage.h"

namespace poise::tcp::script {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string path;  // below scripts/ or wrong/, without .pkt
  Family family;
};

std::string text_of(const std::string& path) {
  std::ifstream file(POISE_TCP_SCRIPTS "/" + path + ".pkt");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<Case> cases(const std::string& folder) {
  std::vector<Case> all;
  const fs::path root = fs::path(POISE_TCP_SCRIPTS) / folder;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".pkt") continue;
    const std::string path =
        folder + "/" + fs::relative(entry.path(), root).replace_extension().string();
    for (const Family family : {Family::v4, Family::v6})
      if (is_about(text_of(path), family)) all.push_back({path, family});
  }
  std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) {
    return std::pair(a.path, a.family) < std::pair(b.path, b.family);
  });
  return all;
}

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

std::string name_of(const ::testing::TestParamInfo<Case>& test) {
  std::string name = test.param.path.substr(test.param.path.find('/') + 1);
  std::replace(name.begin(), name.end(), '/', '_');
  return name + (test.param.family == Family::v4 ? "_ipv4" : "_ipv6");
}

void PrintTo(const Case& script, std::ostream* out) {
  *out << script.path;
}

class Scripts : public ::testing::TestWithParam<Case> {};

TEST_P(Scripts, HoldAndRepeatThemselves) {
  const std::string text = text_of(GetParam().path);
  const Script script = parse(text, GetParam().family);
  const Report report = play(script);
  EXPECT_EQ(report.failure, "") << "tests/tcp_scripts/" << GetParam().path << ".pkt: " << script.law
                                << "\n"
                                << lines(report.history);
  const Report again = play(script);
  EXPECT_EQ(again.history, report.history);
  EXPECT_EQ(again.digest, report.digest);
}
INSTANTIATE_TEST_SUITE_P(, Scripts, ::testing::ValuesIn(cases("scripts")), name_of);

// The first line of a wrong script says what must be complained about.
class WrongScripts : public ::testing::TestWithParam<Case> {};

TEST_P(WrongScripts, AreCaught) {
  const std::string text = text_of(GetParam().path);
  const std::string expected(scene::trim(std::string_view(text).substr(1, text.find('\n') - 1)));
  std::string complaint;
  try {
    complaint = play(parse(text, GetParam().family)).failure;
  } catch (const Wrong& wrong) {
    complaint = wrong.what();
  }
  EXPECT_THAT(complaint, ::testing::HasSubstr(expected));
}
INSTANTIATE_TEST_SUITE_P(, WrongScripts, ::testing::ValuesIn(cases("wrong")), name_of);

// The table of requirements names laws that stand here.
TEST(Coverage, NamesScriptsThatExist) {
  std::ifstream file(POISE_TCP_SCRIPTS "/../../model/tcp/connection/README.md");
  const std::string table(std::istreambuf_iterator<char>(file), {});
  const std::regex name("`([a-z]+/[a-z0-9_]+)`");
  int count = 0;
  for (std::sregex_iterator it(table.begin(), table.end(), name), end; it != end; ++it) {
    const std::string path = (*it)[1];
    if (!fs::is_directory(POISE_TCP_SCRIPTS "/scripts/" + path.substr(0, path.find('/')))) continue;
    ++count;
    EXPECT_TRUE(fs::exists(POISE_TCP_SCRIPTS "/scripts/" + path + ".pkt")) << path;
  }
  EXPECT_GE(count, 150);
}

}  // namespace
}  // namespace poise::tcp::script
