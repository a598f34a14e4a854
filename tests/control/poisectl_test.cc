// Laws of poisectl: what it asks, what it says, and the status that it ends with.
#include <gmock/gmock.h>

#include "realnet/system/process.h"
#include "tests/control/operator_rig.h"

namespace poise::realnet {
namespace {

using namespace testing;
using nlohmann::json;
using ::testing::HasSubstr;

Finished poisectl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), POISE_POISECTL);
  return run({.arguments = std::move(arguments)});
}

// A daemon that gives one answer to everything, and remembers what it was asked.
struct Daemon {
  explicit Daemon(Answer answer)
      : rig([this, answer = std::move(answer)](const json& request, const Reply& reply) {
          asked.push_back(request);
          reply(answer);
        }) {}

  Finished hears(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--socket", rig.path});
    return rig.beside([&] { return poisectl(arguments); });
  }

  std::vector<json> asked;
  OperatorRig rig;
};

TEST(Poisectl, AsksForWhatItsCommandLineSays) {
  Daemon daemon(done("fine"));
  const std::vector<std::pair<std::vector<std::string>, json>> cases{
      {{"status"}, {{"do", "status"}}},
      {{"backends"}, {{"do", "backends"}}},
      {{"flows"}, {{"do", "flows"}}},
      {{"counters"}, {{"do", "counters"}}},
      {{"drain", "web1"}, {{"do", "drain"}, {"backend", "web1"}}},
      {{"drain"}, {{"do", "drain"}}},
      {{"pause", "web1"}, {{"do", "pause"}, {"backend", "web1"}}},
      {{"pause", "--now", "web1"}, {{"do", "pause"}, {"backend", "web1"}, {"now", true}}},
      {{"pause", "--now"}, {{"do", "pause"}, {"now", true}}},
      {{"resume", "web1"}, {{"do", "resume"}, {"backend", "web1"}}},
      {{"deregister", "web1"}, {{"do", "deregister"}, {"backend", "web1"}}},
      {{"replica", "db", "1", "7", "active"},
       {{"do", "replica"}, {"pair", "db"}, {"index", "1"}, {"epoch", "7"}, {"state", "active"}}},
      {{"reload"}, {{"do", "reload"}}},
      {{"stop"}, {{"do", "stop"}}},
  };
  for (const auto& [words, request] : cases) {
    const Finished finished = daemon.hears(words);
    EXPECT_EQ(finished.status, 0) << finished.error;
    EXPECT_EQ(daemon.asked.back(), request);
  }
  EXPECT_EQ(daemon.asked.size(), cases.size());
}

TEST(Poisectl, SaysTheOutcomeInASentence) {
  Daemon daemon(done("web1 drains"));
  EXPECT_EQ(daemon.hears({"drain", "web1"}).output, "web1 drains.\n");
}

TEST(Poisectl, SaysWhyItIsRefused) {
  Daemon daemon(refused("no backend is called web9"));
  const Finished finished = daemon.hears({"drain", "web9"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.error, "poisectl: no backend is called web9\n");
  EXPECT_EQ(finished.output, "");
  const Finished raw = daemon.hears({"--json", "drain", "web9"});
  EXPECT_EQ(raw.status, 1);
  EXPECT_EQ(raw.output, "{\"ok\":false,\"error\":\"no backend is called web9\"}\n");
}

const Answer kBackends = {
    {{"name", "web1"}, {"state", "active"}, {"flows", 12}, {"up", true}},
    {{"name", "a-longer-name"}, {"state", "draining"}, {"flows", 7}, {"last", "\x1b[2J"}}};

TEST(Poisectl, ShowsAListAsATable) {
  Daemon daemon(done("2 backends", kBackends));
  EXPECT_EQ(daemon.hears({"backends"}).output,
            "NAME           STATE     FLOWS  UP   LAST\n"
            "web1           active       12  yes\n"
            "a-longer-name  draining      7       ?[2J\n");
  EXPECT_EQ(daemon.hears({"backends", "--names"}).output, "web1\na-longer-name\n");
}

TEST(Poisectl, ShowsAnObjectAsLines) {
  Daemon daemon(done("lb1 balances", {{"role", "balancer"},
                                      {"passed", 3},
                                      {"forwarded", 12345},
                                      {"vips", {"10.0.0.50:80", "[fd00::50]:80"}},
                                      {"backends", kBackends},
                                      {"log", {{"level", "info"}}}}));
  EXPECT_EQ(daemon.hears({"status"}).output,
            "lb1 balances.\n"
            "role       balancer\n"
            "passed         3\n"
            "forwarded  12345\n"
            "vips       10.0.0.50:80, [fd00::50]:80\n"
            "backends:\n"
            "  NAME           STATE     FLOWS  UP   LAST\n"
            "  web1           active       12  yes\n"
            "  a-longer-name  draining      7       ?[2J\n"
            "log:\n"
            "  level  info\n");
}

TEST(Poisectl, PrintsJsonAsItCame) {
  const Answer answer = done("2 backends", kBackends);
  Daemon daemon(answer);
  EXPECT_EQ(daemon.hears({"--json", "backends"}).output, answer.dump() + "\n");
}

TEST(Poisectl, EndsWithTwoWhenItIsUsedWrongly) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"fly"},
                                             {"drain", "web1", "web2"},
                                             {"status", "web1"},
                                             {"--timeout", "0", "status"},
                                             {"--timeout", "soon", "status"},
                                             {"--completion", "tcsh"},
                                             {"drain", "--now", "web1"}}) {
    const Finished finished = poisectl(words);
    EXPECT_EQ(finished.status, 2) << ::testing::PrintToString(words);
    EXPECT_NE(finished.error, "");
  }
}

TEST(Poisectl, EndsWithThreeWhenNobodyIsThere) {
  Folder folder;
  const Finished finished = poisectl({"--socket", folder.path("poise.sock"), "status"});
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(finished.error,
            "poisectl: connect to " + folder.path("poise.sock") + ": no daemon listens there\n");
}

TEST(Poisectl, EndsWithThreeWhenNoAnswerComesInTime) {
  Reply never;
  OperatorRig rig([&](const json&, Reply reply) { never = std::move(reply); });
  const Finished finished = rig.beside([&] {
    return poisectl({"--socket", rig.path, "--timeout", "0.05", "stop"});
  });
  EXPECT_EQ(finished.status, 3);
  EXPECT_THAT(finished.error, HasSubstr("none came within 0.05 s"));
}

TEST(Poisectl, EndsWithThreeWhenTheDaemonDiesOverIt) {
  Reply never;
  OperatorRig rig([&](const json&, Reply reply) {
    never = std::move(reply);
    asio::post(rig.io, [&] { rig.server.reset(); });
  });
  const Finished finished = rig.beside([&] { return poisectl({"--socket", rig.path, "status"}); });
  EXPECT_EQ(finished.status, 3);
  EXPECT_THAT(finished.error, HasSubstr("the daemon hung up"));
}

// In a mount namespace of its own, where nothing is in /run but what the test puts there.
Finished in_an_empty_run(const std::string& script) {
  return run({.arguments = {"unshare", "--mount", "sh", "-ec",
                            "mount -t tmpfs none /run; mkdir /run/poise; " + script, "sh",
                            POISE_POISECTL}});
}

TEST(Poisectl, FindsTheDaemonThatIsThere) {
  const Finished none = in_an_empty_run("$1 status");
  EXPECT_EQ(none.status, 3);
  EXPECT_THAT(none.error, HasSubstr("no daemon listens on /run/poise/balancer.sock or"));

  Daemon daemon(done("it is here"));
  for (const char* role : {"balancer", "agent", "echo", "files", "exchange", "witness"}) {
    const Finished one = daemon.rig.beside([&] {
      return in_an_empty_run("touch /run/poise/" + std::string(role) + ".sock; mount --bind " +
                             daemon.rig.path + " /run/poise/" + role + ".sock; $1 status");
    });
    EXPECT_EQ(one.output, "it is here.\n") << one.error;
  }
  const Finished both = daemon.rig.beside([&] {
    return in_an_empty_run(
        "for role in balancer agent; do touch /run/poise/$role.sock; mount --bind " +
        daemon.rig.path + " /run/poise/$role.sock; done; $1 status");
  });
  EXPECT_EQ(both.status, 2);
  EXPECT_THAT(both.error, HasSubstr("--socket /run/poise/agent.sock"));
}

TEST(Poisectl, CompletesCommandsAndNamesInBash) {
  Daemon daemon(done("2 backends", kBackends));
  const std::string here = std::filesystem::path(POISE_POISECTL).parent_path();
  const auto completes = [&](const std::string& words, int word) {
    const std::string script = "PATH=" + here + ":$PATH; source <(poisectl --completion bash); " +
                               "COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(word) +
                               "; _poisectl; echo ${COMPREPLY[*]}";
    return daemon.rig.beside([&] { return run({.arguments = {"bash", "-c", script}}).output; });
  };
  EXPECT_EQ(completes("poisectl dr", 1), "drain\n");
  EXPECT_EQ(completes("poisectl re", 1), "resume replica reload\n");
  EXPECT_EQ(completes("poisectl pause --n", 2), "--now\n");
  EXPECT_EQ(completes("poisectl --socket " + daemon.rig.path + " drain w", 4), "web1\n");
  EXPECT_THAT(poisectl({"--completion", "zsh"}).output, ::testing::StartsWith("#compdef poisectl"));
}

TEST(Poisectl, HasAPageWithoutMistakes) {
  const Finished lint = run({.arguments = {"mandoc", "-T", "lint", "-W", "warning",
                                           POISE_SOURCE "/realnet/man/poisectl.8"}});
  EXPECT_EQ(lint.status, 0) << lint.output;
}

}  // namespace
}  // namespace poise::realnet
