// The reliable streams between machines: TCP connections over the simulated network.
#include "sim/ns3/streams.h"

#include <algorithm>
#include <vector>

#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>

#include "sim/ns3/convert.h"

namespace poise::ns3world {

namespace {

using ns3::Address;
using ns3::InetSocketAddress;
using ns3::Packet;
using ns3::Ptr;
using ns3::Socket;
using Event = ns3::Callback<void, Ptr<Socket>>;

void silence(const Ptr<Socket>& socket) {
  socket->SetConnectCallback(Event(), Event());
  socket->SetCloseCallbacks(Event(), Event());
  socket->SetRecvCallback(Event());
  socket->SetSendCallback(ns3::Callback<void, Ptr<Socket>, std::uint32_t>());
  socket->SetAcceptCallback(ns3::Callback<bool, Ptr<Socket>, const Address&>(),
                            ns3::Callback<void, Ptr<Socket>, const Address&>());
}

}  // namespace

void Streams::listen(Ptr<Socket> listener, const poise::Address& local) {
  listener_ = std::move(listener);
  listener_->Bind(InetSocketAddress(to_ns3(local), port_));
  listener_->Listen();
  listener_->SetAcceptCallback(ns3::MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                               ns3::Callback<void, Ptr<Socket>, const Address&>(
                                   [this](Ptr<Socket> socket, const Address&) { accept(socket); }));
}

void Streams::accept(Ptr<Socket> socket) {
  const PeerId peer = accepted_ ? *accepted_ : next_++;
  down(peer);
  streams_[peer] = Stream{socket, {}, true};
  watch(peer, socket);
  events_.on_peer(peer, PeerEvent::up);
}

void Streams::open(PeerId peer, Ptr<Socket> socket, const poise::Address& local,
                   const poise::Address& remote) {
  close(peer);
  streams_[peer] = Stream{socket, {}, false};
  socket->Bind(InetSocketAddress(to_ns3(local), 0));
  watch(peer, socket);
  socket->SetConnectCallback(Event([this, peer](Ptr<Socket>) { connected(peer); }),
                             Event([this, peer](Ptr<Socket>) { down(peer); }));
  socket->Connect(InetSocketAddress(to_ns3(remote), port_));
}

// A callback may silence its own socket, which destroys what it captured: the bodies are members.
void Streams::connected(PeerId peer) {
  streams_[peer].up = true;
  events_.on_peer(peer, PeerEvent::up);
  flush(peer);
}

void Streams::watch(PeerId peer, Ptr<Socket> socket) {
  socket->SetRecvCallback(Event([this, peer](Ptr<Socket>) { receive(peer); }));
  socket->SetCloseCallbacks(Event([this, peer](Ptr<Socket>) { down(peer); }),
                            Event([this, peer](Ptr<Socket>) { down(peer); }));
  socket->SetSendCallback(ns3::Callback<void, Ptr<Socket>, std::uint32_t>(
      [this, peer](Ptr<Socket>, std::uint32_t) { flush(peer); }));
}

void Streams::receive(PeerId peer) {
  // The machine may close the stream while it takes the bytes.
  for (auto found = streams_.find(peer); found != streams_.end(); found = streams_.find(peer)) {
    const Ptr<Packet> packet = found->second.socket->Recv();
    if (!packet || packet->GetSize() == 0) return;
    std::vector<std::uint8_t> bytes(packet->GetSize());
    packet->CopyData(bytes.data(), packet->GetSize());
    events_.on_message(peer, bytes);
  }
}

void Streams::send(PeerId peer, const std::string& bytes) {
  const auto found = streams_.find(peer);
  if (found == streams_.end()) return;
  found->second.backlog += bytes;
  flush(peer);
}

void Streams::flush(PeerId peer) {
  const auto found = streams_.find(peer);
  if (found == streams_.end() || !found->second.up) return;
  Stream& stream = found->second;
  const std::size_t size =
      std::min<std::size_t>(stream.backlog.size(), stream.socket->GetTxAvailable());
  if (size == 0) return;
  const std::string part = stream.backlog.substr(0, size);
  stream.backlog.erase(0, size);
  const Ptr<Packet> packet = ns3::Create<Packet>(reinterpret_cast<const std::uint8_t*>(part.data()),
                                                 static_cast<std::uint32_t>(size));
  stream.socket->Send(packet);
}

void Streams::close(PeerId peer) {
  const auto found = streams_.find(peer);
  if (found == streams_.end()) return;
  const Ptr<Socket> socket = found->second.socket;
  streams_.erase(found);
  silence(socket);
  socket->Close();
}

void Streams::down(PeerId peer) {
  const auto found = streams_.find(peer);
  if (found == streams_.end()) return;
  const Ptr<Socket> socket = found->second.socket;
  streams_.erase(found);
  silence(socket);
  socket->Close();  // answers a FIN; a no-op when it was reset
  events_.on_peer(peer, PeerEvent::down);
}

void Streams::abandon() {
  for (auto& [peer, stream] : streams_) silence(stream.socket);
  streams_.clear();
  if (listener_) silence(listener_);
  listener_ = nullptr;
}

}  // namespace poise::ns3world
