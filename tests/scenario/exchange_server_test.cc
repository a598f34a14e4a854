// A plan's requests, answered by an application of failover TCP.
#include "model/scenario/exchange_server.h"

#include <gtest/gtest.h>

#include "model/scenario/content.h"
#include "model/scenario/request.h"
#include "tests/tcp_application/memory_stream.h"

namespace poise::scenario {
namespace {

std::string request(std::uint64_t request_bytes, std::uint64_t response_bytes) {
  const auto head =
      Request{.request_bytes = request_bytes, .response_bytes = response_bytes}.encode();
  std::string text(head.begin(), head.end());
  text.resize(request_bytes);
  return text;
}

std::string content(Content::From from, std::uint64_t offset, std::size_t size) {
  std::string text(size, '\0');
  Content(from, 0).write(offset, {reinterpret_cast<std::uint8_t*>(text.data()), size});
  return text;
}

TEST(ExchangeServer, AnswersOnceItHasTheWholeRequest) {
  tcp::MemoryStream stream(1 << 20);
  ExchangeServer server;
  const std::string asked = request(1000, 70'000);
  stream.hear(asked.substr(0, 20));
  server.on_ready({}, stream);
  stream.hear(asked.substr(20, 979));
  server.on_ready({}, stream);
  stream.hear(asked.substr(999) + asked);
  EXPECT_EQ(stream.take(), "");
  server.on_ready({}, stream);
  EXPECT_EQ(stream.take(), content(Content::From::server, 0, 140'000));
  EXPECT_FALSE(stream.closed());
}

TEST(ExchangeServer, ClosesAfterTheLastAnswer) {
  tcp::MemoryStream stream(1000);
  ExchangeServer server;
  stream.hear(request(Request::kSize, 2500));
  stream.hear_end();
  std::size_t answered = 0;
  while (!stream.closed()) {
    server.on_ready({}, stream);
    const std::size_t more = stream.take(700).size();
    ASSERT_TRUE(more > 0 || stream.closed());
    answered += more;
  }
  EXPECT_EQ(answered + stream.take().size(), 2500u);
}

TEST(ExchangeServer, AnswersExactlyOnceWhereverItDies) {
  for (int commits = 0; commits < 20; ++commits) {
    tcp::MemoryStream stream(1 << 20);
    stream.hear(request(500, 50'000) + request(Request::kSize, 40'000));
    stream.die_after(commits);
    ExchangeServer().on_ready({}, stream);
    stream.take_over();
    ExchangeServer().on_ready({}, stream);
    EXPECT_EQ(stream.take(), content(Content::From::server, 0, 90'000))
        << "after " << commits << " commits";
  }
}

TEST(ExchangeServer, ThatIsStrictTakesWhatIsWhatItShouldBe) {
  for (const bool altered : {false, true}) {
    tcp::MemoryStream stream(1 << 20);
    ExchangeServer server(ExchangeServer::Reading::strict);
    const std::string head = request(Request::kSize + 50'000, 32).substr(0, Request::kSize);
    std::string body = content(Content::From::client, Request::kSize, 50'000);
    if (altered) body[40'000] ^= 1;
    stream.hear(head + body.substr(0, 30'000));
    server.on_ready({}, stream);
    EXPECT_FALSE(stream.aborted());
    stream.hear(body.substr(30'000));
    server.on_ready({}, stream);
    EXPECT_EQ(stream.aborted(), altered);
    EXPECT_EQ(stream.take().size(), altered ? 0u : 32u);
  }
}

}  // namespace
}  // namespace poise::scenario
