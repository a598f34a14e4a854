// What broken plans are told: golden tables of one clear line each.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "model/random.h"
#include "model/scenario/plan_toml.h"
#include "tests/golden.h"

namespace poise::scenario {
namespace {

struct Broken {
  const char* what;
  const char* text;
};

const Broken kBroken[] = {
    {"a misspelt word", "[policy]\nkind = \"magelv\"\n"},
    {"a misspelt key", "[policy]\ntabel_size = 13\n"},
    {"a misspelt section", "[wrokload]\nrate_per_s = 5\n"},
    {"a key of nowhere", "colour = \"blue\"\n"},
    {"a key without its unit", "duration = 5\n"},
    {"a text for a number", "seed = \"one\"\n"},
    {"a number for a text", "title = 3\n"},
    {"a number for a word", "[topology]\nshape = 3\n"},
    {"a float for an integer", "[topology]\nclients = 2.5\n"},
    {"a date", "title = 2026-01-02\n"},
    {"a value for a section", "policy = \"maglev\"\n"},
    {"a section for a list", "[fault]\nat_s = 1\n"},
    {"a list with something else in it", "fault = [1]\n"},
    {"not TOML", "[policy\nkind = \"maglev\"\n"},
    {"a header without a name", "[#]\n"},
    {"a letter that no bare key has", "caf\u00e9 = 1\n"},
    {"a key twice", "seed = 1\nseed = 2\n"},
    {"too few", "[topology]\nbackends = 0\n"},
    {"too large", "[topology.client_link]\nloss = 1.5\n"},
    {"negative time", "[control]\nheartbeat_s = -1\n"},
    {"not a number", "duration_s = nan\n"},
    {"a table size that is not prime", "[policy]\ntable_size = 65536\n"},
    {"a timeout below the heartbeat", "[control]\ntimeout_s = 0.05\n"},
    {"a bad address", "[[service.vip]]\naddress = \"10.0.0\"\n"},
    {"a vip among the hosts", "[[service.vip]]\naddress = \"10.1.0.7\"\n"},
    {"two equal vips", "[[service.vip]]\n[[service.vip]]\n"},
    {"no vip", "[service]\nvip = []\n"},
    {"more weights than backends", "[service]\nweights = [1, 1, 1, 1, 1]\n"},
    {"a weight of zero", "[service]\nweights = [1, 0]\n"},
    {"nodes without an explicit shape", "[[topology.node]]\nname = \"a\"\nkind = \"client\"\n"},
    {"an explicit shape with counts", "[topology]\nshape = \"explicit\"\nclients = 3\n"},
    {"a node without a kind", "[topology]\nshape = \"explicit\"\nnode = [{ name = \"c\" }]\n"},
    {"two nodes of one name",
     "[topology]\nshape = \"explicit\"\n[[topology.node]]\nname = \"c\"\nkind = \"client\"\n"
     "[[topology.node]]\nname = \"c\"\nkind = \"backend\"\n[[topology.node]]\nname = \"b\"\nkind = "
     "\"balancer\"\n"},
    {"a link to nowhere",
     "[topology]\nshape = \"explicit\"\nnode = [{ name = \"c\", kind = \"client\" }, "
     "{ name = \"b\", kind = \"balancer\" }, { name = \"w\", kind = \"backend\" }]\n"
     "[[topology.link]]\na = \"c\"\nb = \"x\"\n"},
    {"a link to itself",
     "[topology]\nshape = \"explicit\"\nnode = [{ name = \"c\", kind = \"client\" }, "
     "{ name = \"b\", kind = \"balancer\" }, { name = \"w\", kind = \"backend\" }]\n"
     "[[topology.link]]\na = \"c\"\nb = \"c\"\n"},
    {"nobody is connected",
     "[topology]\nshape = \"explicit\"\nnode = [{ name = \"c\", kind = \"client\" }, "
     "{ name = \"b\", kind = \"balancer\" }, { name = \"w\", kind = \"backend\" }]\n"},
    {"a vip that is many hosts", "[[service.vip]]\naddress = \"224.0.0.1\"\n"},
    {"a fault without a time", "[[fault]]\ndo = \"crash\"\ntarget = \"backend1\"\n"},
    {"a fault of an unknown kind",
     "[[fault]]\nat_s = 1\ndo = \"explode\"\ntarget = \"backend1\"\n"},
    {"a fault of an unknown part", "[[fault]]\nat_s = 1\ndo = \"crash\"\ntarget = \"backedn1\"\n"},
    {"a router cannot drain", "[[fault]]\nat_s = 1\ndo = \"drain\"\ntarget = \"spine1\"\n"},
    {"a node is no link", "[[fault]]\nat_s = 1\ndo = \"link_down\"\ntarget = \"spine1\"\n"},
    {"a fault after the end", "[[fault]]\nat_s = 11\ndo = \"crash\"\ntarget = \"backend1\"\n"},
    {"a drain does not last",
     "[[fault]]\nat_s = 1\ndo = \"drain\"\ntarget = \"backend1\"\nlasts_s = 2\n"},
    {"a crash takes no value",
     "[[fault]]\nat_s = 1\ndo = \"crash\"\ntarget = \"backend1\"\nvalue = 2\n"},
    {"a loss above one",
     "[[fault]]\nat_s = 1\ndo = \"lossy\"\ntarget = \"client1-leaf1\"\nvalue = 2\n"},
    {"a restart without a crash", "[[fault]]\nat_s = 1\ndo = \"restart\"\ntarget = \"backend1\"\n"},
    {"a crash of what is crashed",
     "[[fault]]\nat_s = 1\ndo = \"crash\"\ntarget = \"backend1\"\n[[fault]]\nat_s = 2\ndo = "
     "\"crash\"\ntarget = \"backend1\"\n"},
    {"a spare that is absent",
     "[topology]\nspares = 1\n[[fault]]\nat_s = 1\ndo = \"crash\"\ntarget = \"backend5\"\n"},
    {"a join of what is there", "[[fault]]\nat_s = 1\ndo = \"join\"\ntarget = \"backend1\"\n"},
    {"a start after the end", "[workload]\nstart_s = 10\n"},
    {"a stop before the start", "[workload]\nstart_s = 5\nstop_s = 3\n"},
    {"messages without an interval", "[workload]\nmessage_bytes = 500\n"},
    {"points that nobody asked for", "[workload]\nsize_points = [[0, 0], [10, 100]]\n"},
    {"points that fall",
     "[workload]\nsizes = \"points\"\nsize_points = [[0, 0], [10, 60], [5, 100]]\n"},
    {"points that are not pairs", "[workload]\nsizes = \"points\"\nsize_points = [[0, 0], [10]]\n"},
    {"too many flows", "duration_s = 10000\n[workload]\nrate_per_s = 100000\n"},
    {"a capture of nothing", "[measures]\ncaptures = [\"balancer9\"]\n"},
    {"a variant without a name", "[[variant]]\nset = { \"seed\" = 3 }\n"},
    {"two variants of one name", "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"a\"\n"},
    {"a variant with a wrong word",
     "[[variant]]\nname = \"a\"\n\nset = { \"policy.kind\" = \"magelv\" }\n"},
    {"a variant with a wrong key",
     "[[variant]]\nname = \"a\"\nset = { \"policy.knd\" = \"maglev\" }\n"},
    {"a variant within a variant",
     "[[variant]]\nname = \"a\"\nset = { \"variant.0.name\" = \"b\" }\n"},
    {"a variant whose faults lose their target",
     "[[fault]]\nat_s = 1\ndo = \"crash\"\ntarget = \"backend4\"\n[[variant]]\nname = "
     "\"small\"\nset = { "
     "\"topology.backends\" = 2 }\n"},
};

std::vector<std::string> problems_of(const std::string& text, const std::string& file_name) {
  try {
    parse_plan(text, file_name);
  } catch (const PlanError& error) {
    return error.problems();
  }
  return {"(no error)"};
}

std::string indented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += "    " + line + "\n";
  return out;
}

TEST(PlanErrors, NameFileLineKeyAndWhatIsAllowed) {
  std::string table;
  for (const Broken& broken : kBroken) {
    const std::vector<std::string> problems = problems_of(broken.text, "plan.toml");
    table += std::string(broken.what) + "\n" + indented(broken.text);
    for (const std::string& problem : problems) {
      EXPECT_NE(problem, "(no error)") << broken.what;
      EXPECT_EQ(problem.find('\n'), std::string::npos) << problem;
      EXPECT_EQ(problem.substr(0, 10), "plan.toml:") << problem;
      table += "  " + problem + "\n";
    }
    table += "\n";
  }
  expect_golden("plan_errors.txt", table);
}

TEST(PlanErrors, OfTheBrokenPlansAreOneLineEach) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(POISE_SOURCE "/tests/plans/broken"))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  EXPECT_GE(paths.size(), 10u);
  std::string table;
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const std::vector<std::string> problems = problems_of(text, path.filename().string());
    EXPECT_EQ(problems.size(), 1u) << path;
    table += problems.front() + "\n";
  }
  expect_golden("broken_plans.txt", table);
}

TEST(PlanErrors, NoExperimentHasAny) {
  int plans = 0;
  for (const auto& entry : std::filesystem::directory_iterator(POISE_SOURCE "/experiments")) {
    std::ifstream file(entry.path() / "plan.toml");
    if (!file) continue;
    const std::string text(std::istreambuf_iterator<char>(file), {});
    ++plans;
    try {
      const Plan plan = parse_plan(text, "plan.toml");
      for (const VariantSpec& changed : plan.variants) EXPECT_NO_THROW(variant(plan, changed.name));
    } catch (const PlanError& error) {
      ADD_FAILURE() << entry.path() << ": " << error.what();
    }
  }
  EXPECT_GE(plans, 2);
}

TEST(PlanErrors, NoTextHarmsTheReader) {
  // Mutations of a plan with everything in it: an error or a plan, and then one that is written.
  std::ifstream file(POISE_SOURCE "/experiments/failover/plan.toml");
  const std::string plan(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(plan.empty());
  Rng rng(5);
  for (int round = 0; round < 2000; ++round) {
    std::string text = plan;
    for (std::uint64_t i = rng.below(4) + 1; i > 0; --i) {
      const std::size_t at = rng.below(text.size());
      if (rng.below(3) == 0)
        text.erase(at, rng.below(20));
      else
        text[at] = "0123456789.\"[]{}=\n#-ex\x80"[rng.below(22)];
    }
    try {
      const Plan read = parse_plan(text, "p");
      EXPECT_EQ(parse_plan(write_plan(read), "p"), read) << text;
    } catch (const PlanError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace poise::scenario
