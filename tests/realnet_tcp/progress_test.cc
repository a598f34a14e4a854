// Laws of the pipe that tells progress: whole records, in order, and nobody ever waits for it.
#include "realnet/tcp/progress.h"

#include <gtest/gtest.h>

#include "realnet/system/error.h"
#include "tests/daemon/temporary_file.h"

namespace poise::realnet {
namespace {

Progress heard(std::uint64_t received, std::uint32_t port = 4000) {
  return {.at_ns = 7, .received = received, .client = 0x0a000001, .port = port};
}

TEST(Progress, OfSeveralServersComesInTheOrderInWhichItWasTold) {
  const TemporaryFolder folder;
  ProgressReader reader(folder.file("progress"));
  EXPECT_TRUE(reader.read().empty());
  {
    ProgressWriter dies(folder.file("progress"));
    dies.tell(heard(1));
    dies.tell(heard(2));
  }
  ProgressWriter goes_on(folder.file("progress"));
  goes_on.tell(heard(3, 4001));
  const std::vector<Progress> all = reader.read();
  ASSERT_EQ(all.size(), 3u);
  for (std::uint64_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].received, i + 1);
  EXPECT_EQ(all[2].port, 4001u);
  EXPECT_EQ(all[2].client, 0x0a000001u);
  EXPECT_TRUE(reader.read().empty());
}

TEST(Progress, ThatNobodyReadsIsLeftOutWithoutWaiting) {
  const TemporaryFolder folder;
  ProgressReader reader(folder.file("progress"));
  ProgressWriter writer(folder.file("progress"));
  constexpr std::uint64_t kMany = 100'000;
  for (std::uint64_t i = 1; i <= kMany; ++i) writer.tell(heard(i));
  std::uint64_t next = 1;
  for (std::vector<Progress> some; !(some = reader.read()).empty();)
    for (const Progress& progress : some) ASSERT_EQ(progress.received, next++);
  EXPECT_GT(next, 1000u);
  EXPECT_LT(next, kMany);
}

TEST(Progress, NeedsSomebodyWhoReads) {
  const TemporaryFolder folder;
  EXPECT_THROW(ProgressWriter{folder.file("progress")}, SystemError);
}

}  // namespace
}  // namespace poise::realnet
