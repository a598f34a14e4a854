// The little HTTP server, on Boost.Beast.
#include "realnet/daemon/metrics/server.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <optional>
#include <utility>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using Error = boost::system::error_code;
using Response = http::response<http::string_body>;

constexpr std::uint32_t kHeaderMax = 8192;  // bytes of a request's header; a body is refused

boost::asio::ip::address to_asio(const Address& address) {
  return boost::asio::ip::make_address(address.to_string());
}

Response answer(const http::request<http::empty_body>& request, const MetricsSource& source) {
  Response response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  const auto say = [&](http::status status, std::string text) {
    response.result(status);
    response.body() = std::move(text);
  };
  const auto probe = [&](const std::string& wrong, const char* good) {
    if (wrong.empty())
      say(http::status::ok, good);
    else
      say(http::status::service_unavailable, wrong + "\n");
  };
  const std::string path(request.target().substr(0, request.target().find('?')));
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    response.set(http::field::allow, "GET, HEAD");
    say(http::status::method_not_allowed, "GET or HEAD\n");
  } else if (path == "/metrics") {
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    say(http::status::ok, source.metrics());
  } else if (path == "/healthz") {
    probe(source.unwell(), "ok\n");
  } else if (path == "/readyz") {
    probe(source.unready(), "ready\n");
  } else {
    say(http::status::not_found, "/metrics, /healthz or /readyz\n");
  }
  response.content_length(response.body().size());
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

// One connection: requests one after another, each within the limits.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<const MetricsSource> source, Duration timeout)
      : stream_(std::move(socket)), source_(std::move(source)), timeout_(timeout) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderMax);
    parser_->body_limit(0);
    stream_.expires_after(timeout_);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const Error& error, std::size_t) {
                       if (!error) self->write();
                     });
  }

  void close() {
    Error ignored;
    stream_.socket().close(ignored);
  }

 private:
  void write() {
    response_ = answer(parser_->get(), *source_);
    stream_.expires_after(timeout_);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const Error& error, std::size_t) {
                        if (error) return;
                        if (self->response_.need_eof())
                          self->close();
                        else
                          self->read();
                      });
  }

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_{kHeaderMax};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  std::shared_ptr<const MetricsSource> source_;
  Duration timeout_;
};

}  // namespace

class MetricsServer::Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(boost::asio::io_context& context, const Endpoint& listen, MetricsSource source,
           MetricsLimits limits)
      : acceptor_(context),
        pause_(context),
        address_(listen.address),
        source_(std::make_shared<const MetricsSource>(std::move(source))),
        limits_(limits) {
    const tcp::endpoint endpoint(to_asio(listen.address), listen.port);
    try {
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen();
    } catch (const boost::system::system_error& error) {
      throw SystemError("listen for metrics at " + listen.to_string(), error.code().value());
    }
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](const Error& error, tcp::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (error) return self->accept_later();
      self->enter(std::move(socket));
      self->accept();
    });
  }

  void close() {
    Error ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const std::weak_ptr<Session>& session : sessions_)
      if (const auto open = session.lock()) open->close();
  }

  Endpoint listens_at() const { return {address_, acceptor_.local_endpoint().port()}; }

 private:
  void enter(tcp::socket socket) {
    std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
    if (sessions_.size() >= limits_.connection_count_max) return;  // and the socket closes
    const auto session =
        std::make_shared<Session>(std::move(socket), source_, limits_.request_timeout);
    sessions_.push_back(session);
    session->read();
  }

  // Out of descriptors: trying again at once would turn for nothing.
  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([self = shared_from_this()](const Error& error) {
      if (!error) self->accept();
    });
  }

  tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Address address_;
  std::shared_ptr<const MetricsSource> source_;
  MetricsLimits limits_;
  std::list<std::weak_ptr<Session>> sessions_;
};

MetricsServer::MetricsServer(boost::asio::io_context& context, const Endpoint& listen,
                             MetricsSource source, MetricsLimits limits)
    : acceptor_(std::make_shared<Acceptor>(context, listen, std::move(source), limits)) {
  acceptor_->accept();
}

MetricsServer::~MetricsServer() {
  acceptor_->close();
}

Endpoint MetricsServer::listens_at() const {
  return acceptor_->listens_at();
}

}  // namespace poise::realnet
