// Dials control streams: an agent to its balancers.
#include "realnet/control/dialer.h"

#include <utility>

#include "realnet/control/stream_table.h"

namespace poise::realnet {

namespace asio = boost::asio;

namespace {

// A name stands in the lines of others only: an agent hears answers, not registrations.
Limits of_a_dialer(Limits limits) {
  limits.own_name_only = false;
  return limits;
}

}  // namespace

Dialer::Dialer(asio::io_context& io, const asio::ip::address& local, Credentials credentials,
               const Limits& limits, StreamEvents events)
    : io_(io),
      local_(local),
      credentials_(std::move(credentials)),
      streams_(std::make_unique<StreamTable>(of_a_dialer(limits), std::move(events))) {}

Dialer::~Dialer() = default;

void Dialer::open(PeerId peer, const Endpoint& remote) {
  streams_->close(peer);
  streams_->dial(peer, asio::ip::tcp::socket(io_), local_, remote, credentials_);
}

void Dialer::send(PeerId peer, std::string_view bytes) {
  streams_->send(peer, bytes);
}

void Dialer::close(PeerId peer) {
  streams_->close(peer);
}

std::string Dialer::name_of(PeerId peer) const {
  return streams_->name_of(peer);
}

void Dialer::use(Credentials credentials) {
  credentials_ = std::move(credentials);
}

const StreamCounters& Dialer::counters() const {
  return streams_->counters;
}

std::size_t Dialer::connection_count() const {
  return streams_->size();
}

}  // namespace poise::realnet
