// Requests for files, whole and in pieces, and a server that dies in the middle of one.
#include "model/tcp/application/file_server.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/tcp_application/memory_stream.h"

namespace poise::tcp {
namespace {

const std::map<std::string, std::string, std::less<>>& files() {
  static const auto* all = [] {
    std::string large(200'000, ' ');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 >> 3);
    return new std::map<std::string, std::string, std::less<>>{{"large", large}, {"empty", ""}};
  }();
  return *all;
}

class Memory final : public FileSource {
 public:
  std::optional<std::size_t> read_at(std::string_view name, std::uint64_t offset,
                                     std::span<std::uint8_t> into) override {
    const auto found = files().find(name);
    if (found == files().end()) return std::nullopt;
    const std::string& file = found->second;
    const std::size_t at = std::min<std::size_t>(offset, file.size());
    const std::size_t size = std::min(into.size(), file.size() - at);
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), size, into.begin());
    return size;
  }
};

class FileServerTest : public testing::Test {
 protected:
  void hear(const std::string& bytes) {
    stream_.hear(bytes);
    server_.on_ready({}, stream_);
  }

  MemoryStream stream_{1 << 20};
  FileServer server_{std::make_unique<Memory>()};
};

TEST_F(FileServerTest, GivesAFileAndCloses) {
  hear("GET large\n");
  EXPECT_EQ(stream_.take(), files().at("large"));
  EXPECT_TRUE(stream_.closed());
}

TEST_F(FileServerTest, GivesAnEmptyFileAsAnEnd) {
  hear("GET empty\n");
  EXPECT_EQ(stream_.take(), "");
  EXPECT_TRUE(stream_.closed());
}

TEST_F(FileServerTest, WaitsForTheWholeRequest) {
  for (const char* part : {"G", "ET la", "rge"}) {
    hear(part);
    EXPECT_EQ(stream_.take(), "");
  }
  hear("\n");
  EXPECT_EQ(stream_.take(), files().at("large"));
}

TEST_F(FileServerTest, GivesAsMuchAsThereIsRoomFor) {
  MemoryStream narrow(5000);
  narrow.hear("GET large\n");
  std::string given;
  while (!narrow.closed()) {
    server_.on_ready({}, narrow);
    const std::string more = narrow.take(3000);
    ASSERT_FALSE(more.empty() && !narrow.closed());
    given += more;
  }
  EXPECT_EQ(given + narrow.take(), files().at("large"));
}

TEST_F(FileServerTest, ResetsWhatIsNoRequestAndNoFile) {
  for (const std::string wrong : {"PUT large\n", "GET \n", "GET nothing\n", "\n", "GETlarge\n"}) {
    MemoryStream stream;
    stream.hear(wrong);
    server_.on_ready({}, stream);
    EXPECT_TRUE(stream.aborted()) << wrong;
    EXPECT_EQ(stream.take(), "");
  }
}

TEST_F(FileServerTest, ResetsANameThatDoesNotEnd) {
  hear("GET " + std::string(FileServer::kNameMax, 'a'));
  EXPECT_FALSE(stream_.aborted());
  hear("a");
  EXPECT_TRUE(stream_.aborted());
}

TEST_F(FileServerTest, ClosesWhenThePeerLeavesWithoutARequest) {
  stream_.hear_end();
  hear("GET la");
  EXPECT_TRUE(stream_.closed());
}

TEST_F(FileServerTest, GoesOnWhereAnotherServerDied) {
  for (int commits = 0; commits < 16; ++commits) {
    MemoryStream stream(1 << 20);
    stream.hear("GET large\n");
    stream.die_after(commits);
    FileServer(std::make_unique<Memory>()).on_ready({}, stream);
    stream.take_over();
    server_.on_ready({}, stream);
    EXPECT_EQ(stream.take(), files().at("large")) << "after " << commits << " commits";
    EXPECT_TRUE(stream.closed());
  }
}

}  // namespace
}  // namespace poise::tcp
