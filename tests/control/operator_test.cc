// Laws of the operator's socket: who may speak, what is answered, and that nothing harms the
// daemon.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/control/operator_rig.h"

namespace poise::realnet {
namespace {

using namespace testing;
using nlohmann::json;
using ::testing::HasSubstr;

void echoes(const json& request, const Reply& reply) {
  reply(done("it is " + request.at("do").get<std::string>(), {{"request", request}}));
}

std::string complaint(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const SystemError& error) {
    return error.what();
  }
  return "";
}

TEST(Operator, GetsAnAnswerALineForARequestALine) {
  OperatorRig rig(echoes);
  const Answer answer = rig.asks({{"do", "drain"}, {"backend", "web1"}});
  EXPECT_EQ(answer.dump(), R"({"ok":true,"say":"it is drain","result":{"request":)"
                           R"({"backend":"web1","do":"drain"}}})");
  EXPECT_EQ(rig.says("{\"do\":\"a\"}\n{\"do\":\"b\"}\n"),
            done("it is a", {{"request", {{"do", "a"}}}}).dump() + "\n" +
                done("it is b", {{"request", {{"do", "b"}}}}).dump() + "\n");
}

TEST(Operator, WaitsForAnOutcomeThatComesLater) {
  Reply later;
  OperatorRig rig([&](const json&, Reply reply) { later = std::move(reply); });
  asio::steady_timer timer(rig.io, 50ms);
  timer.async_wait([&](const boost::system::error_code&) { later(done("web1 drained")); });
  EXPECT_EQ(rig.asks({{"do", "drain"}})["say"], "web1 drained");
  later(done("twice"));  // is lost
  EXPECT_TRUE(run_until(rig.io, [&] { return rig.server->connection_count() == 0; }));
  later(done("and after the operator has left"));
}

TEST(Operator, HearsThatARequestWasForgotten) {
  OperatorRig rig([](const json&, const Reply&) {});
  EXPECT_EQ(rig.asks({{"do", "x"}})["error"], "the daemon forgot the request");
}

TEST(Operator, HearsWhatAHandlerThrows) {
  OperatorRig rig([](const json& request, const Reply& reply) {
    reply(done(request.at("backend").get<std::string>()));
  });
  EXPECT_THAT(rig.asks({{"do", "drain"}})["error"].get<std::string>(), HasSubstr("backend"));
}

TEST(Operator, HearsWhatIsWrongWithGarbage) {
  OperatorRig rig(echoes);
  const std::string deep(60'000, '[');
  for (const std::string& garbage :
       {std::string("drain web1\n"), std::string("\n"), std::string("{\"do\":\n"),
        std::string("\0\xff\xfe\n", 4), deep + "\n", std::string("{\"do\":\"\xff\"}\n")}) {
    const Answer answer = Answer::parse(rig.says(garbage));
    EXPECT_EQ(answer["ok"], false);
    EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr("not JSON"));
  }
  for (const char* wrong : {"[]\n", "{}\n", "{\"do\":1}\n", "null\n", "\"drain\"\n"})
    EXPECT_THAT(rig.says(wrong), HasSubstr("a JSON object with a string under")) << wrong;
  EXPECT_THAT(rig.says("{\"do\":\"x\"}"), HasSubstr("no end of line"));
  EXPECT_EQ(rig.asks({{"do", "x"}})["ok"], true) << "and the daemon lives on";
}

TEST(Operator, HearsThatARequestIsTooLong) {
  OperatorRig rig(echoes);
  EXPECT_THAT(rig.says(std::string(1 << 20, 'x')), HasSubstr("longer than 65536 bytes"));
}

TEST(Operator, IsTurnedAwayWhenThereAreTooMany) {
  OperatorRig rig(echoes, {.connection_count_max = 2});
  const Fd first = connect_to(rig.path);
  const Fd second = connect_to(rig.path);
  ASSERT_TRUE(run_until(rig.io, [&] { return rig.server->connection_count() == 2; }));
  EXPECT_THAT(rig.says(""), HasSubstr("2 operators already"));
}

TEST(Operator, IsHungUpOnWhenItSaysNothing) {
  OperatorRig rig(echoes, {.idle_max = 30ms});
  const Fd client = connect_to(rig.path);
  ASSERT_TRUE(run_until(rig.io, [&] { return rig.server->connection_count() == 1; }));
  ASSERT_TRUE(run_until(rig.io, [&] { return rig.server->connection_count() == 0; }));
}

TEST(Operator, IsToldWhenAnOutcomeTakesTooLong) {
  Reply never;
  OperatorRig rig([&](const json&, Reply reply) { never = std::move(reply); },
                  {.outcome_max = 30ms});
  EXPECT_THAT(rig.asks({{"do", "x"}})["error"].get<std::string>(), HasSubstr("no outcome yet"));
  never(done("late"));
}

TEST(Operator, ThatDoesNotReadIsHungUpOn) {
  OperatorRig rig([](const json&, const Reply& reply) { reply(done(std::string(8 << 20, 'x'))); },
                  {.taking_max = 30ms});
  const Fd client = connect_to(rig.path);
  ASSERT_EQ(::send(client.get(), "{\"do\":\"x\"}\n", 11, MSG_NOSIGNAL), 11);
  ASSERT_TRUE(run_until(rig.io, [&] { return rig.server->connection_count() == 1; }));
  ASSERT_TRUE(run_until(rig.io, [&] { return rig.server->connection_count() == 0; }));
}

TEST(OperatorSocket, IsTheOwnersAlone) {
  const mode_t before = ::umask(0);
  OperatorRig rig(echoes);
  ::umask(before);
  struct stat facts {};
  ASSERT_EQ(::stat(rig.path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
}

TEST(OperatorSocket, RefusesAnotherUserEvenWhenTheModeLetsItIn) {
  OperatorRig rig(echoes);
  ::chmod(rig.folder.path("").c_str(), 0755);
  ::chmod(rig.path.c_str(), 0666);
  const pid_t child = ::fork();
  if (child == 0) {  // asks as nobody, and says with its status whether it was refused
    int status = 1;
    if (::setgid(65534) == 0 && ::setuid(65534) == 0) {
      const Answer answer = ask(rig.path, {{"do", "x"}}, 5s);
      const bool refused = answer["error"].is_string() &&
                           answer["error"].get<std::string>().starts_with("user 65534 may not");
      status = refused ? 0 : 2;
    }
    ::_exit(status);
  }
  int status = -1;
  EXPECT_TRUE(run_until(rig.io, [&] { return ::waitpid(child, &status, WNOHANG) == child; }));
  EXPECT_EQ(status, 0);
  EXPECT_THAT(rig.log, HasSubstr("user 65534"));
}

TEST(OperatorSocket, OfADeadDaemonIsReplaced) {
  Folder folder;
  const std::string path = folder.path("poise.sock");
  const pid_t child = ::fork();
  if (child == 0) {
    const OperatorSocket socket(path);
    ::_exit(0);  // like kill -9: nothing is taken away
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_THAT(complaint([&] { ask(path, {{"do", "x"}}, 1s); }), HasSubstr("no daemon listens"));
  const OperatorSocket socket(path);
  EXPECT_TRUE(connect_to(path));
}

TEST(OperatorSocket, OfALivingDaemonIsLeftAlone) {
  OperatorRig rig(echoes);
  EXPECT_EQ(complaint([&] { const OperatorSocket second(rig.path); }),
            "bind " + rig.path + ": another daemon listens on it");
  EXPECT_EQ(rig.asks({{"do", "x"}})["ok"], true);
  std::filesystem::remove(rig.path + ".lock");  // even when its lock is gone
  EXPECT_THAT(complaint([&] { const OperatorSocket third(rig.path); }),
              HasSubstr("another daemon listens on it"));
  EXPECT_EQ(rig.asks({{"do", "x"}})["ok"], true);
}

TEST(OperatorSocket, DoesNotReplaceAFile) {
  Folder folder;
  const std::string path = folder.write("poise.sock", "precious");
  EXPECT_THAT(complaint([&] { const OperatorSocket socket(path); }), HasSubstr("in the way"));
  EXPECT_EQ(std::filesystem::file_size(path), 8u);
}

TEST(OperatorSocket, LeavesNothingBehind) {
  Folder folder;
  { const OperatorSocket socket(folder.path("poise.sock")); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
  EXPECT_THAT(complaint([&] { const OperatorSocket socket(folder.path("no/poise.sock")); }),
              HasSubstr("No such file or directory"));
  EXPECT_THAT(complaint([&] { const OperatorSocket socket(std::string(120, 'x')); }),
              HasSubstr("1 to 107 characters"));
}

}  // namespace
}  // namespace poise::realnet
