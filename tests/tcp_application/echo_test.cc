// What echo says back, however it is cut, whoever serves.
#include "model/tcp/application/echo.h"

#include <gtest/gtest.h>

#include "tests/tcp_application/memory_stream.h"

namespace poise::tcp {
namespace {

std::string text(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * i >> 5);
  return bytes;
}

TEST(Echo, SaysBackWhatItHears) {
  MemoryStream stream;
  Echo echo;
  stream.hear("hello");
  echo.on_ready({}, stream);
  EXPECT_EQ(stream.take(), "hello");
  EXPECT_FALSE(stream.closed());
}

TEST(Echo, ClosesWhenThePeerHasAndAllIsSaid) {
  MemoryStream stream(1000);
  Echo echo;
  stream.hear(text(2500));
  stream.hear_end();
  std::string said;
  while (!stream.closed()) {
    echo.on_ready({}, stream);
    const std::string more = stream.take(700);
    ASSERT_FALSE(more.empty() && !stream.closed()) << "after " << said.size() << " bytes";
    said += more;
  }
  said += stream.take();
  EXPECT_EQ(said, text(2500));
}

TEST(Echo, SaysEveryByteOnceWhereverItsServerDies) {
  const std::string heard = text(100'000);
  for (int commits = 0; commits < 12; ++commits) {
    MemoryStream stream(1 << 17);
    Echo first, second;
    stream.hear(heard.substr(0, 70'000));
    stream.die_after(commits);
    first.on_ready({}, stream);
    stream.take_over();
    stream.hear(heard.substr(70'000));
    stream.hear_end();
    second.on_ready({}, stream);
    EXPECT_EQ(stream.take(), heard) << "after " << commits << " commits";
    EXPECT_TRUE(stream.closed());
  }
}

}  // namespace
}  // namespace poise::tcp
