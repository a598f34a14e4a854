// Laws of the metrics' server: what it answers, and that nobody can hold it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <thread>

#include "realnet/daemon/metrics/server.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

using boost::asio::ip::tcp;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A server on a loopback port of its own, with its loop in a thread.
class Served {
 public:
  explicit Served(MetricsLimits limits = {})
      : server_(context_, {Address::v4(0x7f000001), 0},
                {.metrics = [this] { return body_; },
                 .unwell = [] { return std::string(); },
                 .unready = [] { return std::string("no backend is active"); }},
                limits),
        thread_([this] { context_.run(); }) {}
  ~Served() {
    context_.stop();
    thread_.join();
  }

  tcp::socket connect() {
    tcp::socket socket(client_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_.listens_at().port});
    return socket;
  }

  // All that comes until the server closes.
  static std::string rest_of(tcp::socket& socket) {
    std::string text;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(text), error);
    return text;
  }

  std::string ask(const std::string& request) {
    tcp::socket socket = connect();
    boost::asio::write(socket, boost::asio::buffer(request));
    return rest_of(socket);
  }
  std::string get(const std::string& path) {
    return ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }

  std::string body_ = "# TYPE a gauge\na 1\n";

 private:
  boost::asio::io_context context_, client_;
  MetricsServer server_;
  std::thread thread_;
};

TEST(MetricsServer, AnswersItsThreePaths) {
  Served served;
  const std::string metrics = served.get("/metrics");
  EXPECT_THAT(metrics, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(metrics, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(metrics, EndsWith("\r\n\r\n# TYPE a gauge\na 1\n"));
  EXPECT_THAT(served.get("/healthz"), EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(served.get("/readyz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(served.get("/readyz"), EndsWith("\r\n\r\nno backend is active\n"));
  EXPECT_THAT(served.get("/metrics?x=1"), StartsWith("HTTP/1.1 200 "));
}

TEST(MetricsServer, AnswersNothingElse) {
  Served served;
  EXPECT_THAT(served.get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(served.ask("PUT /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 405 "));
  const std::string head =
      served.ask("HEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 19\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST(MetricsServer, AConnectionMayAskAgain) {
  Served served;
  tcp::socket socket = served.connect();
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  boost::asio::write(socket, boost::asio::buffer(ask + last));
  const std::string answers = Served::rest_of(socket);
  EXPECT_NE(answers.find("ok\n"), answers.rfind("ok\n")) << answers;
}

TEST(MetricsServer, NonsenseAndEndlessHeadersEndTheConnection) {
  Served served;
  EXPECT_EQ(served.ask("nonsense\r\n\r\n"), "");
  EXPECT_EQ(served.ask("GET / HTTP/1.1\r\nA: " + std::string(20'000, 'x') + "\r\n\r\n"), "");
  EXPECT_EQ(served.ask("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), "");
  EXPECT_THAT(served.get("/healthz"), EndsWith("ok\n"));
}

TEST(MetricsServer, WhoSaysNothingIsHungUpOn) {
  Served served({.request_timeout = std::chrono::milliseconds(50)});
  tcp::socket silent = served.connect();
  EXPECT_EQ(Served::rest_of(silent), "");
}

TEST(MetricsServer, OneTooManyIsClosedAtOnceAndOthersComeBackAfter) {
  Served served({.connection_count_max = 2});
  {
    tcp::socket first = served.connect(), second = served.connect(), third = served.connect();
    EXPECT_EQ(Served::rest_of(third), "");
  }
  // The two are gone as soon as the server has read that.
  std::string answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) {
    try {
      answer = served.get("/healthz");
    } catch (const boost::system::system_error&) {
      std::this_thread::yield();
    }
  }
  EXPECT_THAT(answer, EndsWith("ok\n"));
}

TEST(MetricsServer, ALongAnswerToASlowReaderIsWhole) {
  Served served;
  served.body_ = std::string(5'000'000, 'x');
  const std::string answer = served.get("/metrics");
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, served.body_.size());
}

TEST(MetricsServer, AnAddressThatIsTakenIsSaidAtTheStart) {
  boost::asio::io_context context;
  const MetricsServer first(context, {Address::v4(0x7f000001), 0}, {});
  const Endpoint taken = first.listens_at();
  try {
    const MetricsServer second(context, taken, {});
    FAIL() << "listens twice at " << taken.to_string();
  } catch (const SystemError& error) {
    EXPECT_EQ(std::string(error.what()),
              "listen for metrics at " + taken.to_string() + ": Address already in use");
  }
}

}  // namespace
}  // namespace poise::realnet
