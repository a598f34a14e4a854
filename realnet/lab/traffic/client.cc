// The clients of a plan on real sockets: one conversation a flow.
#include "realnet/lab/traffic/client.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "model/scenario/content.h"
#include "realnet/lab/traffic/sender.h"

namespace poise::realnet::lab {

namespace {

constexpr std::size_t kChunk = 1 << 20;  // taken off a socket at a time, without copying
constexpr std::size_t kLook = 1 << 16;   // the same, to be looked at

// The other side said no, or was gone and said so; anything else is TCP giving up.
scenario::Outcome outcome_of(int error) {
  const bool refused = error == ECONNRESET || error == ECONNREFUSED || error == EPIPE ||
                       error == EADDRINUSE || error == EADDRNOTAVAIL;
  return refused ? scenario::Outcome::reset : scenario::Outcome::timeout;
}

}  // namespace

// The life of a flow on its client's side. Every way it ends goes through end(), once.
class Client::Conversation {
 public:
  Conversation(Client& client, scenario::ScheduledFlow flow, std::uint32_t name)
      : client_(client), flow_(std::move(flow)), name_(name), sender_(client.loop_) {}
  ~Conversation() {
    client_.loop_.cancel(think_);
    if (socket_) client_.loop_.forget(socket_.get());
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  const scenario::ScheduledFlow& flow() const { return flow_; }
  Fd& socket() { return socket_; }

  void start(const Endpoint& vip) {
    if (client_.altered_)
      sender_.say(scenario::Content(scenario::Content::From::client, flow_.source_port));
    Connecting connecting = connect_tcp(client_.where_, {client_.address_, flow_.source_port}, vip);
    if (connecting.error != 0) return end(outcome_of(connecting.error));
    socket_ = std::move(connecting.socket);
    client_.loop_.watch(socket_.get(), EPOLLOUT,
                        [this](std::uint32_t events) { on_ready(events); });
  }

 private:
  Instant now() const { return client_.loop_.now(); }

  void on_ready(std::uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP))
      if (const int error = take_error(socket_.get()); error != 0) return end(outcome_of(error));
    if (!connected_) return connected();
    if (events & EPOLLOUT) sender_.write();
    if (events & (EPOLLIN | EPOLLHUP)) receive();
    if (!ended_) listen();
  }

  void connected() {
    connected_ = true;
    client_.log_.connected(now(), name_);
    ask();
  }

  void ask() {
    client_.log_.waits(now(), name_, true);
    const scenario::Exchange& exchange = client_.exchange_;
    const scenario::Request request = exchange.request(name_, flow_.sizes[asked_++]);
    awaited_ = request.response_bytes;
    sender_.start(socket_.get(), request.encode(), request.request_bytes,
                  exchange.upload ? exchange.message_bytes : 0, exchange.interval_ns,
                  [this] { listen(); });
    listen();
  }

  void listen() {
    client_.loop_.change(socket_.get(), sender_.blocked() ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  void receive() {
    for (;;) {
      const ssize_t got = client_.altered_ ? look() : skip();
      if (got < 0 && errno != EAGAIN && errno != EINTR) return end(outcome_of(errno));
      if (got < 0) return;
      // A server never closes first, so its end before ours is no good end.
      if (got == 0) return end(scenario::Outcome::reset);
      const auto size = std::min(static_cast<std::uint64_t>(got), awaited_);
      awaited_ -= size;
      if (!client_.exchange_.upload) client_.log_.received(now(), name_, size);
      if (awaited_ == 0 && size > 0) return answered();
    }
  }

  ssize_t skip() const { return ::recv(socket_.get(), nullptr, kChunk, MSG_TRUNC | MSG_DONTWAIT); }

  // An answer that is not what it should be is no good one.
  ssize_t look() {
    std::array<std::uint8_t, kLook> bytes;
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got <= 0) return got;
    const auto size = static_cast<std::size_t>(got);
    const scenario::Content content(scenario::Content::From::server, flow_.source_port);
    const auto difference = content.difference(heard_, std::span(bytes).first(size));
    heard_ += size;
    if (!difference) return got;
    client_.altered_(name_, *difference);
    errno = ECONNRESET;
    return -1;
  }

  void answered() {
    if (asked_ == flow_.sizes.size()) return end(scenario::Outcome::ok);
    client_.log_.waits(now(), name_, false);
    think_ = client_.loop_.at(now() + flow_.thinks[asked_ - 1], [this] { ask(); });
  }

  // This may run inside of the conversation's own handlers: it is destroyed after them.
  void end(scenario::Outcome outcome) {
    if (std::exchange(ended_, true)) return;
    if (client_.settle_) client_.settle_();
    client_.log_.end(now(), name_, outcome);
    sender_.stop();
    if (socket_) client_.loop_.forget(socket_.get());
    socket_.reset();
    client_.loop_.at(now(), [client = &client_, name = name_] { client->finish(name); });
  }

  Client& client_;
  scenario::ScheduledFlow flow_;
  std::uint32_t name_;
  Fd socket_;
  Sender sender_;
  std::size_t asked_ = 0;
  std::uint64_t awaited_ = 0;  // bytes of the response still to come
  std::uint64_t heard_ = 0;    // bytes of all responses
  Loop::TimerId think_ = Loop::kNoTimer;
  bool connected_ = false;
  bool ended_ = false;
};

Client::Client(scenario::NodeId node, const Address& address, std::string where, Loop& loop,
               scenario::FlowLog& log, const scenario::Exchange& exchange, Ended ended)
    : node_(node),
      address_(address),
      where_(std::move(where)),
      loop_(loop),
      log_(log),
      exchange_(exchange),
      ended_(std::move(ended)) {}

Client::~Client() = default;

std::uint32_t Client::start(const scenario::ScheduledFlow& flow, const Endpoint& vip) {
  const std::uint32_t name = log_.start(loop_.now(), flow, node_);
  auto& conversation = conversations_[name] = std::make_unique<Conversation>(*this, flow, name);
  conversation->start(vip);
  return name;
}

void Client::crash() {
  for (const auto& [name, conversation] : conversations_) {
    if (!conversation->socket()) continue;
    loop_.forget(conversation->socket().get());
    abandon(conversation->socket());
  }
  conversations_.clear();
}

void Client::finish(std::uint32_t name) {
  const auto found = conversations_.find(name);
  if (found == conversations_.end()) return;
  const scenario::ScheduledFlow flow = found->second->flow();
  conversations_.erase(found);
  if (ended_) ended_(flow);
}

std::vector<std::pair<std::uint32_t, int>> Client::sockets() const {
  std::vector<std::pair<std::uint32_t, int>> sockets;
  for (const auto& [name, conversation] : conversations_)
    if (conversation->socket()) sockets.emplace_back(name, conversation->socket().get());
  return sockets;
}

}  // namespace poise::realnet::lab
