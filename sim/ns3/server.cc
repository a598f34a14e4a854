// The server of a backend's host: reads a request, writes the response, until the client closes.
#include "sim/ns3/server.h"

#include <algorithm>
#include <array>
#include <utility>

#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-socket-base.h>

#include "model/scenario/request.h"
#include "sim/ns3/convert.h"
#include "sim/ns3/sender.h"

namespace poise::ns3world {

namespace {

using ns3::Packet;
using ns3::Ptr;
using ns3::Socket;
using Event = ns3::Callback<void, Ptr<Socket>>;
using scenario::Request;
using Accept = ns3::Callback<void, Ptr<Socket>, const ns3::Address&>;

}  // namespace

class Server::Connection {
 public:
  Connection(Server& server, std::uint64_t name, Ptr<Socket> socket)
      : server_(server), name_(name), socket_(std::move(socket)) {
    socket_->SetRecvCallback(Event([this](Ptr<Socket>) { receive(); }));
    socket_->SetSendCallback(ns3::Callback<void, Ptr<Socket>, std::uint32_t>(
        [this](Ptr<Socket>, std::uint32_t) { sender_.resume(); }));
    socket_->SetCloseCallbacks(Event([this](Ptr<Socket>) { close(); }),
                               Event([this](Ptr<Socket>) { close(); }));
    socket_->TraceConnectWithoutContext("Tx", ns3::MakeCallback(&Connection::sent, this));
  }
  ~Connection() {
    socket_->TraceDisconnectWithoutContext("Tx", ns3::MakeCallback(&Connection::sent, this));
    socket_->SetCloseCallbacks(Event(), Event());
    socket_->SetRecvCallback(Event());
    socket_->SetSendCallback(ns3::Callback<void, Ptr<Socket>, std::uint32_t>());
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

 private:
  void receive() {
    while (Ptr<Packet> packet = socket_->Recv()) {
      if (packet->GetSize() == 0) return;
      while (packet->GetSize() > 0) take(packet);
    }
  }

  // Takes the head, the body, or the end of a request off the front of what arrived.
  void take(const Ptr<Packet>& packet) {
    std::uint32_t size = packet->GetSize();
    if (head_size_ < Request::kSize) {
      size = std::min<std::uint32_t>(size, static_cast<std::uint32_t>(Request::kSize - head_size_));
      packet->CopyData(head_.data() + head_size_, size);
      head_size_ += size;
      if (head_size_ == Request::kSize) request_ = Request::decode(head_);
    } else {
      size = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(size, request_.request_bytes - taken_));
    }
    packet->RemoveAtStart(size);
    taken_ += size;
    if (head_size_ < Request::kSize) return;
    if (server_.upload_)
      server_.log_.received(now(), request_.flow, taken_ - std::exchange(counted_, taken_));
    if (taken_ >= request_.request_bytes) answer();
  }

  void answer() {
    head_size_ = 0;
    taken_ = counted_ = 0;
    sender_.start(socket_, {}, request_.response_bytes,
                  server_.upload_ ? 0 : request_.message_bytes, request_.interval_ns);
  }

  // A segment below the highest byte sent before is one sent again.
  void sent(Ptr<const Packet> payload, const ns3::TcpHeader& header,
            Ptr<const ns3::TcpSocketBase>) {
    if (payload->GetSize() == 0) return;
    const std::uint32_t first = header.GetSequenceNumber().GetValue();
    const std::uint32_t end = first + payload->GetSize();
    if (static_cast<std::int32_t>(first - sent_up_to_) < 0)
      server_.log_.retransmitted(request_.flow);
    if (static_cast<std::int32_t>(end - sent_up_to_) > 0) sent_up_to_ = end;
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    sender_.stop();
    socket_->Close();
    ns3::Simulator::ScheduleNow(&Server::finish, &server_, name_);
  }

  Server& server_;
  std::uint64_t name_;
  Ptr<Socket> socket_;
  std::array<std::uint8_t, Request::kSize> head_{};
  std::size_t head_size_ = 0;
  Request request_;
  std::uint64_t taken_ = 0;    // bytes of the request so far
  std::uint64_t counted_ = 0;  // of them, those that the log knows of
  std::uint32_t sent_up_to_ = 0;
  Sender sender_;
  bool closed_ = false;
};

Server::Server(scenario::FlowLog& log, bool upload) : log_(log), upload_(upload) {}

Server::~Server() {
  crash();
}

void Server::start(HostTcp& tcp, const std::vector<std::uint16_t>& ports) {
  for (const std::uint16_t port : ports) {
    const Ptr<Socket> listener = tcp.socket();
    listener->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), port));
    listener->Listen();
    listener->SetAcceptCallback(
        ns3::MakeNullCallback<bool, Ptr<Socket>, const ns3::Address&>(),
        Accept([this](Ptr<Socket> socket, const ns3::Address&) { accept(socket); }));
    listeners_.push_back(listener);
  }
}

void Server::accept(Ptr<Socket> socket) {
  const std::uint64_t name = next_++;
  connections_[name] = std::make_unique<Connection>(*this, name, std::move(socket));
}

void Server::crash() {
  for (const Ptr<Socket>& listener : listeners_)
    listener->SetAcceptCallback(ns3::MakeNullCallback<bool, Ptr<Socket>, const ns3::Address&>(),
                                ns3::MakeNullCallback<void, Ptr<Socket>, const ns3::Address&>());
  listeners_.clear();
  connections_.clear();
}

void Server::finish(std::uint64_t connection) {
  connections_.erase(connection);
}

}  // namespace poise::ns3world
