// The laws of running a command: its own words, its whole output, and an end in bounded time.
#include "realnet/system/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

using namespace std::chrono_literals;

TEST(Process, GivesTheCommandItsInputAndReadsBothOutputs) {
  const Finished finished = run({{"sh", "-c", "cat; echo two >&2; exit 3"}, "one\n"});
  EXPECT_EQ(finished.output, "one\n");
  EXPECT_EQ(finished.error, "two\n");
  EXPECT_EQ(finished.status, 3);
}

TEST(Process, WordsReachTheCommandAsTheyAre) {
  EXPECT_EQ(run({{"printf", "[%s]", "a b", "$HOME; rm *", ""}}).output, "[a b][$HOME; rm *][]");
}

TEST(Process, MoreThanAPipeHoldsPassesInBothDirections) {
  const std::string text(3'000'000, 'x');
  EXPECT_EQ(run({{"cat"}, text}).output, text);
}

TEST(Process, InputMayBeOpenedByItsName) {
  EXPECT_EQ(run({{"cat", "/dev/stdin"}, "text"}).output, "text");
}

TEST(Process, ACommandThatDoesNotEndIsKilledAndNamed) {
  const auto start = std::chrono::steady_clock::now();
  try {
    run({{"sleep", "60"}, "", 100ms});
    FAIL() << "it was waited for";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "sleep 60: did not end within 100 ms");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

TEST(Process, AGrandchildThatKeepsTheOutputOpenIsNotWaitedFor) {
  const auto start = std::chrono::steady_clock::now();
  const Finished finished = run({{"sh", "-c", "sleep 60 & echo $!"}});
  ASSERT_EQ(finished.status, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  EXPECT_EQ(::kill(std::stoi(finished.output), SIGKILL), 0);
}

TEST(Process, ASignalEndsItAsAShellSays) {
  EXPECT_EQ(run({{"sh", "-c", "kill -9 $$"}}).status, 128 + SIGKILL);
}

TEST(Process, SignalsThatTheCallerBlocksReachTheCommand) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
  EXPECT_EQ(run({{"sh", "-c", "kill -15 $$; echo alive"}}).status, 128 + SIGTERM);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

TEST(Process, AFailureCarriesTheCommandsOwnWords) {
  try {
    run_checked({{"sh", "-c", "echo no such thing >&2; exit 1"}});
    FAIL() << "status 1 was taken for success";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "sh -c echo no such thing >&2; exit 1: no such thing");
  }
}

TEST(Process, ACommandThatIsNotThereSaysSo) {
  try {
    run({{"poise-no-such-command"}});
    FAIL() << "it ran";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "start poise-no-such-command: No such file or directory");
  }
}

}  // namespace
}  // namespace poise::realnet
