// The server of a backend's host on real sockets: until the client closes.
#include "realnet/lab/traffic/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "model/scenario/request.h"
#include "realnet/lab/traffic/sender.h"
#include "realnet/lab/traffic/socket.h"

namespace poise::realnet::lab {

using scenario::Request;

namespace {

constexpr std::uint64_t kChunk = 1 << 20;  // taken off a socket at a time, without copying

}  // namespace

class Server::Connection {
 public:
  Connection(Server& server, std::uint64_t name, Fd socket)
      : server_(server), name_(name), socket_(std::move(socket)), sender_(server.loop_) {
    server_.loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { on_ready(events); });
  }
  ~Connection() {
    if (socket_) server_.loop_.forget(socket_.get());
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Fd& socket() { return socket_; }
  bool serves() const { return request_.flow != kNobody; }
  std::uint32_t flow() const { return request_.flow; }

  void note_retransmits() {
    if (!serves() || !socket_) return;
    const std::uint32_t all = tcp_state(socket_.get()).retransmits;
    server_.log_.retransmitted(flow(), all - std::exchange(noted_, all));
  }

 private:
  static constexpr std::uint32_t kNobody = 0xffffffff;

  void on_ready(std::uint32_t events) {
    if (events & EPOLLERR) return close();
    if (events & EPOLLOUT) sender_.write();
    if (events & (EPOLLIN | EPOLLHUP)) receive();
    if (socket_) listen();
  }

  void listen() {
    server_.loop_.change(socket_.get(), sender_.blocked() ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  // The head of a request is read; of its body, only the length counts.
  void receive() {
    for (;;) {
      const bool in_head = head_size_ < Request::kSize;
      const std::uint64_t wanted =
          in_head ? Request::kSize - head_size_ : std::min(kChunk, request_.request_bytes - taken_);
      const ssize_t got = ::recv(socket_.get(), in_head ? head_.data() + head_size_ : nullptr,
                                 wanted, MSG_DONTWAIT | (in_head ? 0 : MSG_TRUNC));
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) return close();
      take(static_cast<std::uint64_t>(got));
    }
  }

  void take(std::uint64_t size) {
    taken_ += size;
    if (head_size_ < Request::kSize) {
      head_size_ += size;
      if (head_size_ < Request::kSize) return;
      request_ = Request::decode(head_);
    }
    if (server_.upload_)
      server_.log_.received(server_.loop_.now(), flow(), taken_ - std::exchange(counted_, taken_));
    if (taken_ >= request_.request_bytes) answer();
  }

  void answer() {
    head_size_ = 0;
    taken_ = counted_ = 0;
    sender_.start(socket_.get(), {}, request_.response_bytes,
                  server_.upload_ ? 0 : request_.message_bytes, request_.interval_ns,
                  [this] { listen(); });
  }

  // This may run inside of the connection's own handlers: it is destroyed after them.
  void close() {
    note_retransmits();
    sender_.stop();
    server_.loop_.forget(socket_.get());
    socket_.reset();
    server_.loop_.at(server_.loop_.now(),
                     [server = &server_, name = name_] { server->finish(name); });
  }

  Server& server_;
  std::uint64_t name_;
  Fd socket_;
  std::array<std::uint8_t, Request::kSize> head_{};
  std::size_t head_size_ = 0;
  Request request_{.flow = kNobody};
  std::uint64_t taken_ = 0;    // bytes of the request so far
  std::uint64_t counted_ = 0;  // of them, those that the log knows of
  std::uint32_t noted_ = 0;    // retransmits that the log knows of
  Sender sender_;
};

Server::Server(std::string where, Loop& loop, scenario::FlowLog& log, bool upload)
    : where_(std::move(where)), loop_(loop), log_(log), upload_(upload) {}

Server::~Server() {
  for (const Fd& listener : listeners_) loop_.forget(listener.get());
}

void Server::start(const std::vector<std::uint16_t>& ports) {
  for (const std::uint16_t port : ports) {
    Fd& listener = listeners_.emplace_back(listen_tcp(where_, port));
    loop_.watch(listener.get(), EPOLLIN,
                [this, descriptor = listener.get()](std::uint32_t) { accept(descriptor); });
  }
}

void Server::accept(int listener) {
  while (Fd socket = accept_tcp(listener)) {
    const std::uint64_t name = next_++;
    connections_[name] = std::make_unique<Connection>(*this, name, std::move(socket));
  }
}

void Server::crash() {
  for (const Fd& listener : listeners_) loop_.forget(listener.get());
  listeners_.clear();
  for (const auto& [name, connection] : connections_) {
    if (!connection->socket()) continue;
    connection->note_retransmits();
    loop_.forget(connection->socket().get());
    abandon(connection->socket());
  }
  connections_.clear();
}

void Server::finish(std::uint64_t connection) {
  connections_.erase(connection);
}

void Server::note_retransmits() {
  for (const auto& [name, connection] : connections_) connection->note_retransmits();
}

std::vector<std::pair<std::uint32_t, int>> Server::sockets() const {
  std::vector<std::pair<std::uint32_t, int>> sockets;
  for (const auto& [name, connection] : connections_)
    if (connection->serves() && connection->socket())
      sockets.emplace_back(connection->flow(), connection->socket().get());
  return sockets;
}

}  // namespace poise::realnet::lab
