// Laws of the log: what a line looks like, and that nothing that happens to a log stops its writer.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "realnet/daemon/log/log.h"
#include "realnet/daemon/log/output.h"
#include "realnet/system/error.h"
#include "tests/daemon/temporary_file.h"

namespace poise::realnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

LogSettings to_file(const std::string& path, LogLevel level = LogLevel::info) {
  return {level, {LogTarget::Kind::file, path}, std::chrono::seconds{10}};
}

TEST(Log, AnEventIsALineWithItsTimeLevelKindAndFields) {
  const TemporaryFolder folder;
  Log log(to_file(folder.file("log")));
  log.event("backend_up", {{"name", "web1"}, {"weight", 3}, {"after", Duration{1'500'000'000}}});
  EXPECT_THAT(lines_of(folder.file("log")),
              ElementsAre(MatchesRegex("....-..-..T..:..:..\\....Z info backend_up name=web1 "
                                       "weight=3 after=1.5")));
}

TEST(Log, WhateverIsInAValueItStaysOneLineAndOneValue) {
  EXPECT_EQ(event_text("x", {{"a", ""}, {"b", "two words"}, {"c", "q\"\\\n\x01"}, {"d", "k=v"}}),
            "x a=\"\" b=\"two words\" c=\"q\\\"\\\\\\n\\u0001\" d=\"k=v\"");
}

TEST(Log, WhatIsBelowTheLevelIsNotWritten) {
  const TemporaryFolder folder;
  Log log(to_file(folder.file("log"), LogLevel::warning));
  log.event("quiet", {});
  log.error("loud", {});
  log.change(to_file(folder.file("log"), LogLevel::debug));
  log.debug("whisper", {});
  EXPECT_THAT(lines_of(folder.file("log")),
              ElementsAre(HasSubstr("error loud"), HasSubstr("debug whisper")));
}

TEST(Log, AFloodOfOneKindIsCountedAndOtherKindsAreNot) {
  const TemporaryFolder folder;
  {
    Log log(to_file(folder.file("log")));
    for (int i = 0; i < 1244; ++i) log.warning("line_invalid", {{"peer", i}});
    log.event("backend_up", {});
  }
  const auto lines = lines_of(folder.file("log"));
  ASSERT_EQ(lines.size(), 12u);
  EXPECT_THAT(lines[9], HasSubstr("line_invalid peer=9"));
  EXPECT_THAT(lines[10], HasSubstr("backend_up"));
  EXPECT_THAT(lines[11], HasSubstr("warning line_invalid (... 1,234 more in 1 s)"));
}

TEST(Folding, AWindowEndsWithWhatWasCountedInIt) {
  Folding folding(std::chrono::seconds{10});
  Instant now{};
  for (int i = 0; i < 25; ++i) folding.admits(now, "flood", i == 20 ? 2 : 1);
  EXPECT_FALSE(folding.next_ended(now + std::chrono::seconds{9}));
  const auto folded = folding.next_ended(now + std::chrono::seconds{10});
  ASSERT_TRUE(folded);
  EXPECT_EQ(folded->kind, "flood");
  EXPECT_EQ(folded->count, 15u);
  EXPECT_EQ(folded->level, 2);
  EXPECT_EQ(folded->during, std::chrono::seconds{10});
  EXPECT_FALSE(folding.next_ended(now + std::chrono::seconds{10}));
  EXPECT_TRUE(folding.admits(now + std::chrono::seconds{10}, "flood", 1));
}

TEST(Folding, RareEventsAreAllWritten) {
  Folding folding(std::chrono::seconds{10});
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(folding.admits(Instant{} + i * std::chrono::seconds{1}, "rare", 1)) << i;
  EXPECT_FALSE(folding.next_of_all(Instant{} + std::chrono::hours{1}));
}

TEST(Folding, ItsMemoryIsBoundedWhateverKindsThereAre) {
  Folding folding(std::chrono::seconds{10});
  int admitted = 0;
  for (int i = 0; i < 100'000; ++i) admitted += folding.admits({}, "kind" + std::to_string(i), 1);
  EXPECT_EQ(admitted, static_cast<int>(Folding::kKindsMax + Folding::kWritten));
}

TEST(Log, AFullDiskIsCountedAndToldWhenThereIsRoomAgain) {
  const TemporaryFolder folder;
  const std::string path = folder.file("log");
  std::filesystem::create_symlink("/dev/full", path);
  Log log(to_file(path));
  for (int i = 0; i < 3; ++i) log.event("lost", {});
  EXPECT_EQ(log.lost(), 3u);
  std::filesystem::remove(path);
  log.reopen();
  log.event("found", {});
  EXPECT_THAT(lines_of(path),
              ElementsAre(HasSubstr("warning log_lost lines=3 why=\"No space left on device\""),
                          HasSubstr("info found")));
  EXPECT_EQ(log.lost(), 3u);
}

TEST(Log, APipeThatNobodyReadsDoesNotHoldItsWriter) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd read_end(ends[0]), write_end(ends[1]);
  Log log({LogLevel::info, {}, Duration::zero()}, output_to(write_end.get()));
  const std::string text(3000, 'x');
  for (int i = 0; i < 100; ++i) log.event("much", {{"text", text}});
  EXPECT_GT(log.lost(), 50u);
}

TEST(Log, APipeWhoseReaderIsGoneDoesNotEndItsWriter) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd write_end(ends[1]);
  ::close(ends[0]);
  Log log({LogLevel::info, {}, Duration::zero()}, output_to(write_end.get()));
  log.event("unheard", {});
  EXPECT_EQ(log.lost(), 1u);
}

TEST(Log, AMovedFileIsOpenedAnewOnDemand) {
  const TemporaryFolder folder;
  const std::string path = folder.file("log");
  Log log(to_file(path));
  log.event("first", {});
  std::filesystem::rename(path, path + ".1");
  log.event("second", {});
  log.reopen();
  log.event("third", {});
  EXPECT_THAT(lines_of(path + ".1"), ElementsAre(HasSubstr("first"), HasSubstr("second")));
  EXPECT_THAT(lines_of(path), ElementsAre(HasSubstr("third")));
}

TEST(Log, AFileThatCannotBeOpenedAnewIsKept) {
  TemporaryFolder folder;
  const std::string path = folder.file("log"), kept = folder.file("kept");
  Log log(to_file(path));
  std::filesystem::rename(path, kept);
  std::filesystem::create_directory(path);
  log.reopen();
  EXPECT_THAT(lines_of(kept), ElementsAre(HasSubstr("error log_not_reopened why=\"open ")));
  EXPECT_THROW(log.change(to_file("/nowhere/log")), SystemError);
  log.event("still", {});
  EXPECT_EQ(lines_of(kept).size(), 2u);
}

TEST(Log, ALineIsCutWhereAPipeWouldWait) {
  const TemporaryFolder folder;
  Log log(to_file(folder.file("log")));
  log.event("long", {{"text", std::string(10'000, 'x')}});
  log.event("short", {});
  const auto lines = lines_of(folder.file("log"));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size() + 1, kLineMax);
  EXPECT_THAT(lines[0], testing::EndsWith("xxx..."));
}

TEST(Log, ManyThreadsWriteWholeLines) {
  const TemporaryFolder folder;
  {
    Log log({LogLevel::info, {LogTarget::Kind::file, folder.file("log")}, Duration::zero()});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&log] {
        for (int i = 0; i < 500; ++i) log.event("event", {{"text", "a b c"}});
      });
  }
  const auto lines = lines_of(folder.file("log"));
  EXPECT_EQ(lines.size(), 2000u);
  EXPECT_THAT(lines, testing::Each(testing::EndsWith("info event text=\"a b c\"")));
}

TEST(Log, TheJournalGetsItsPriorityAndTheEventAsFields) {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  const Fd journal(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(journal.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  Log log({LogLevel::info, {}, std::chrono::seconds{10}}, output_to_journal(path));
  log.warning("backend_down", {{"name", "web1"}, {"why", "no\nheartbeat"}});
  char datagram[1024];
  const ssize_t size = ::recv(journal.get(), datagram, sizeof datagram, MSG_DONTWAIT);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(datagram, static_cast<std::size_t>(size)),
            "PRIORITY=4\nSYSLOG_IDENTIFIER=poised\nPOISE_EVENT=backend_down\n"
            "MESSAGE=backend_down name=web1 why=\"no\\nheartbeat\"\n");
}

TEST(Log, TheStreamOfTheJournalIsKnownByItsDeviceAndInode) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd one(ends[0]), other(ends[1]);
  struct stat status {};
  ASSERT_EQ(::fstat(one.get(), &status), 0);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal(one.get(), stream.c_str()));
  EXPECT_FALSE(is_journal(one.get(), (stream + "0").c_str()));
  EXPECT_FALSE(is_journal(one.get(), nullptr));
  EXPECT_FALSE(is_journal(-1, stream.c_str()));
}

TEST(Log, AJournalThatIsNotThereIsSaidAtTheStart) {
  EXPECT_THROW(output_to_journal("/nowhere/socket"), SystemError);
}

}  // namespace
}  // namespace poise::realnet
