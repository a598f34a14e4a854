// Laws of reading a daemon's log: its notices, and nothing else.
#include "realnet/lab/log_notices.h"

#include <gtest/gtest.h>

#include <chrono>

#include "realnet/daemon/log/log.h"
#include "realnet/system/clock.h"
#include "tests/daemon/temporary_file.h"

namespace poise::realnet::lab {
namespace {

TEST(LogNotices, AreWhatWasWritten) {
  const TemporaryFolder folder;
  const std::string path = folder.file("log");
  const Instant before = now();
  {
    LogSettings settings;
    settings.to.kind = LogTarget::Kind::file;
    settings.to.path = path;
    Log log(settings);
    log.event("seed", {{"seed", 7}});
    log.event("active", {{"name", "3"}, {"why", "2 connections"}});
    log.warning("stream", {{"what", "it closed"}});
    log.warning("fenced", {{"name", ""}, {"why", R"(it says "5" \ now)"}});
  }
  const std::vector<LoggedNotice> all = notices_in_log(path);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].notice.kind, "active");
  EXPECT_EQ(all[0].notice.subject, "3");
  EXPECT_EQ(all[0].notice.detail, "2 connections");
  EXPECT_EQ(all[1].notice.kind, "fenced");
  EXPECT_EQ(all[1].notice.subject, "");
  EXPECT_EQ(all[1].notice.detail, R"(it says "5" \ now)");
  for (const LoggedNotice& logged : all) {
    EXPECT_GE(logged.at, before - std::chrono::milliseconds{2});
    EXPECT_LE(logged.at, now() + std::chrono::milliseconds{2});
  }
}

TEST(LogNotices, OfNoFileAreNone) {
  EXPECT_TRUE(notices_in_log("/nowhere/log").empty());
}

}  // namespace
}  // namespace poise::realnet::lab
