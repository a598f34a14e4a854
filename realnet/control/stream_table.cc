// The streams of a listener or a dialer, by peer.
#include "realnet/control/stream_table.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "model/check.h"
#include "realnet/control/endpoint.h"

namespace poise::realnet {
namespace {

namespace asio = boost::asio;

// Whoever has one IPv6 address has its /64.
asio::ip::address source_of(const asio::ip::address& address) {
  if (!address.is_v6()) return address;
  asio::ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes);
}

}  // namespace

StreamTable::StreamTable(const Limits& limits, StreamEvents events)
    : limits_(limits), events_(std::move(events)), log_(events_.log, limits.log_interval) {}

StreamTable::~StreamTable() {
  for (const auto& [address, stream] : streams_) stream->abandon();
}

void StreamTable::accept(PeerId peer, Tcp::socket socket, const Tcp::endpoint& remote,
                         const Credentials& credentials) {
  counters.add(StreamCount::accepted);
  adopt(peer, Stream::Role::accepted, std::move(socket), remote, credentials).greet();
}

void StreamTable::dial(PeerId peer, Tcp::socket socket, const asio::ip::address& local,
                       const Tcp::endpoint& remote, const Credentials& credentials) {
  counters.add(StreamCount::dialled);
  adopt(peer, Stream::Role::dialled, std::move(socket), remote, credentials).dial(local);
}

Stream& StreamTable::adopt(PeerId peer, Stream::Role role, Tcp::socket socket,
                           const Tcp::endpoint& remote, const Credentials& credentials) {
  auto stream =
      std::make_shared<Stream>(*this, peer, role, std::move(socket), remote, credentials, limits_);
  const bool awaited = role == Stream::Role::dialled;
  POISE_CHECK(peers_.try_emplace(peer, Peer{stream, awaited, {}}).second);
  ++sources_[source_of(remote.address())];
  ++greeting_count_;
  return *streams_.emplace(stream.get(), stream).first->second;
}

void StreamTable::send(PeerId peer, std::string_view bytes) {
  const auto found = peers_.find(peer);
  if (found != peers_.end()) found->second.stream->send(bytes);
}

void StreamTable::close(PeerId peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  const std::shared_ptr<Stream> stream = found->second.stream;
  peers_.erase(found);
  if (stream->greeting()) --greeting_count_;
  stream->leave();
}

std::string StreamTable::name_of(PeerId peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? std::string() : found->second.stream->name();
}

std::size_t StreamTable::count_of(const asio::ip::address& source) const {
  const auto found = sources_.find(source_of(source));
  return found == sources_.end() ? 0 : found->second;
}

void StreamTable::note(StreamCount count, const std::string& line) {
  counters.add(count);
  log_.say(to_string(count), line);
}

void StreamTable::note(StreamCount count, const Tcp::endpoint& remote, const std::string& why) {
  note(count, "peer " + to_string(remote) + ": " + std::string(to_string(count)) + ": " + why);
}

// What an owner's callback throws costs that peer its stream, and nobody else anything.
template <class F>
void StreamTable::tell(Stream& stream, F call) {
  try {
    call();
  } catch (const std::exception& thrown) {
    on_end(stream, StreamCount::callbacks_failed, thrown.what());
    stream.cut();
  }
}

void StreamTable::on_up(Stream& stream) {
  --greeting_count_;
  counters.add(StreamCount::authenticated);
  peers_.at(stream.peer()).awaited = true;
  if (events_.on_peer) tell(stream, [&] { events_.on_peer(stream.peer(), PeerEvent::up); });
}

void StreamTable::on_bytes(Stream& stream, std::span<const std::uint8_t> bytes) {
  Peer& peer = peers_.at(stream.peer());
  std::string refused;
  if (limits_.own_name_only && !stream.name().empty()) {
    bytes = peer.gate.admit(stream.name(), bytes);
    if (peer.gate.refused()) refused = printable(*peer.gate.refused());
  }
  if (!bytes.empty() && events_.on_message)
    tell(stream, [&] { events_.on_message(stream.peer(), bytes); });
  if (!refused.empty() && stream.up()) refuse_name(stream, refused);
}

void StreamTable::refuse_name(Stream& stream, const std::string& wanted) {
  const std::string& own = stream.name();
  stream.send("INVALID registration failed: you are " + own + ", not " + wanted + "\n");
  on_end(stream, StreamCount::names_refused, own + " wants to register as " + wanted);
  stream.leave();
}

void StreamTable::on_end(Stream& stream, StreamCount count, const std::string& why) {
  note(count, stream.remote(), why);
  const auto found = peers_.find(stream.peer());
  if (found == peers_.end() || found->second.stream.get() != &stream) return;
  const bool awaited = found->second.awaited;
  if (stream.greeting()) --greeting_count_;
  peers_.erase(found);
  if (awaited && events_.on_peer)
    tell(stream, [&] { events_.on_peer(stream.peer(), PeerEvent::down); });
}

void StreamTable::on_closed(Stream& stream) {
  const auto source = sources_.find(source_of(stream.remote().address()));
  if (--source->second == 0) sources_.erase(source);
  streams_.erase(&stream);
}

}  // namespace poise::realnet
