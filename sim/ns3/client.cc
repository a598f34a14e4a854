// The clients of a plan: one conversation a flow.
#include "sim/ns3/client.h"

#include <algorithm>
#include <utility>

#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include "sim/ns3/convert.h"

namespace poise::ns3world {

namespace {

using ns3::InetSocketAddress;
using ns3::Ptr;
using ns3::Socket;
using Event = ns3::Callback<void, Ptr<Socket>>;

}  // namespace

// The life of a flow on its client's side. Every way it ends goes through end(), once.
class Client::Conversation {
 public:
  Conversation(Client& client, scenario::ScheduledFlow flow, std::uint32_t name, Ptr<Socket> socket)
      : client_(client), flow_(std::move(flow)), name_(name), socket_(std::move(socket)) {}
  ~Conversation() {
    think_.Cancel();
    silence();
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  const scenario::ScheduledFlow& flow() const { return flow_; }

  void start(const Endpoint& vip) {
    socket_->SetAttribute("SegmentSize", ns3::UintegerValue(client_.segment_size_));
    const InetSocketAddress local(to_ns3(client_.address_), flow_.source_port);
    if (socket_->Bind(local) != 0) return end(scenario::Outcome::reset);  // the port is in use
    socket_->SetConnectCallback(Event([this](Ptr<Socket>) { connected(); }),
                                Event([this](Ptr<Socket>) { end(scenario::Outcome::timeout); }));
    // A peer never closes first, so a normal close before the end was a reset; an error close is
    // TCP giving up.
    socket_->SetCloseCallbacks(Event([this](Ptr<Socket>) { end(scenario::Outcome::reset); }),
                               Event([this](Ptr<Socket>) { end(scenario::Outcome::timeout); }));
    socket_->SetRecvCallback(Event([this](Ptr<Socket>) { receive(); }));
    socket_->SetSendCallback(ns3::Callback<void, Ptr<Socket>, std::uint32_t>(
        [this](Ptr<Socket>, std::uint32_t) { sender_.resume(); }));
    socket_->Connect(InetSocketAddress(to_ns3(vip.address), vip.port));
  }

 private:
  void connected() {
    client_.log_.connected(now(), name_);
    ask();
  }

  void ask() {
    client_.log_.waits(now(), name_, true);
    const scenario::Exchange& exchange = client_.exchange_;
    const scenario::Request request = exchange.request(name_, flow_.sizes[asked_++]);
    awaited_ = request.response_bytes;
    const auto head = request.encode();
    sender_.start(socket_, head, request.request_bytes,
                  exchange.upload ? exchange.message_bytes : 0, exchange.interval_ns);
  }

  void receive() {
    while (Ptr<ns3::Packet> packet = socket_->Recv()) {
      const std::uint64_t size = std::min<std::uint64_t>(packet->GetSize(), awaited_);
      if (size == 0) return;
      awaited_ -= size;
      if (!client_.exchange_.upload) client_.log_.received(now(), name_, size);
      if (awaited_ == 0) return answered();
    }
  }

  void answered() {
    if (asked_ == flow_.sizes.size()) return end(scenario::Outcome::ok);
    client_.log_.waits(now(), name_, false);
    think_ = ns3::Simulator::Schedule(to_ns3(flow_.thinks[asked_ - 1]), &Conversation::ask, this);
  }

  void end(scenario::Outcome outcome) {
    if (std::exchange(ended_, true)) return;
    client_.log_.end(now(), name_, outcome);
    sender_.stop();
    socket_->Close();
    // This may be one of the socket's callbacks, which must not be destroyed while it runs.
    ns3::Simulator::ScheduleNow(&Client::finish, &client_, name_);
  }

  void silence() {
    socket_->SetConnectCallback(Event(), Event());
    socket_->SetCloseCallbacks(Event(), Event());
    socket_->SetRecvCallback(Event());
    socket_->SetSendCallback(ns3::Callback<void, Ptr<Socket>, std::uint32_t>());
  }

  Client& client_;
  scenario::ScheduledFlow flow_;
  std::uint32_t name_;
  Ptr<Socket> socket_;
  Sender sender_;
  std::size_t asked_ = 0;
  std::uint64_t awaited_ = 0;  // bytes of the response still to come
  ns3::EventId think_;
  bool ended_ = false;
};

Client::Client(scenario::NodeId node, const Address& address, HostTcp& tcp, scenario::FlowLog& log,
               const scenario::Exchange& exchange, std::uint32_t segment_size, Ended ended)
    : node_(node),
      address_(address),
      tcp_(tcp),
      log_(log),
      exchange_(exchange),
      segment_size_(segment_size),
      ended_(std::move(ended)) {}

Client::~Client() = default;

void Client::start(const scenario::ScheduledFlow& flow, const Endpoint& vip) {
  if (!tcp_.is_up()) return;  // a dead host starts nothing
  const std::uint32_t name = log_.start(now(), flow, node_);
  auto& conversation = conversations_[name] =
      std::make_unique<Conversation>(*this, flow, name, tcp_.socket());
  conversation->start(vip);
}

void Client::crash() {
  conversations_.clear();
}

void Client::finish(std::uint32_t name) {
  const auto found = conversations_.find(name);
  if (found == conversations_.end()) return;
  const scenario::ScheduledFlow flow = found->second->flow();
  conversations_.erase(found);
  if (ended_) ended_(flow);
}

}  // namespace poise::ns3world
