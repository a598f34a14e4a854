// The events and actions of a host; what leaves is made when the world asks for it.
#include "model/tcp/host/host.h"

#include <algorithm>

#include "model/tcp/host/core.h"

namespace poise::tcp {

namespace {

constexpr std::uint16_t kEphemeralFirst = 49152;  // RFC 6335, 6

bool serves_address(const HostConfig& config, const Address& address) {
  return std::any_of(config.listeners.begin(), config.listeners.end(),
                     [&](const Listener& l) { return l.local.address == address; });
}

}  // namespace

Host::Host(HostConfig config) : core_(std::make_unique<Core>(std::move(config))) {}
Host::~Host() = default;

void Host::start(Instant now) {
  core_->now = now;
  core_->pair.start(now);
}

Verdict Host::on_packet(Instant now, Packet& packet) noexcept {
  Core& core = *core_;
  core.now = now;
  wire::Datagram datagram;
  const auto bytes = std::span<const std::uint8_t>(packet.bytes());
  if (wire::parse(bytes, datagram) != wire::Malformed::none) return Verdict::pass;
  const FlowKey key = key_of(datagram);
  if (!serves_address(core.config, key.destination) && !core.table.find(key)) return Verdict::pass;
  if (!datagram.is_tcp() && !datagram.is_icmp_error) return Verdict::pass;
  if (!core.pair.serves()) {
    ++core.counters.silent;  // rule R12: nothing may be said, also no reset
    core.held.hold(now, bytes);
    return Verdict::drop;
  }
  core.take(now, packet, datagram, key);
  return Verdict::drop;
}

void Host::on_peer(Instant now, PeerId peer, PeerEvent event) {
  core_->now = now;
  core_->pair.on_peer(now, peer, event);
  core_->release(now);
}

void Host::on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
  core_->now = now;
  core_->pair.on_message(now, peer, bytes);
  core_->release(now);
}

void Host::on_timer(Instant now) {
  Core& core = *core_;
  core.now = now;
  core.pair.on_timer(now);
  core.release(now);
  if (!core.pair.serves()) return;
  while (const auto slot = core.table.next_due(now)) {
    core.table.at(*slot)->on_timer(now);
    core.table.settle(now, *slot, true);
  }
}

bool Host::on_order(Instant now, Order order) {
  core_->now = now;
  const bool taken = core_->pair.on_order(now, order);
  core_->release(now);
  return taken;
}

void Host::write_log() {
  core_->feed();
  core_->pair.flush(core_->now);
}

std::optional<Packet> Host::next_transmit() {
  Core& core = *core_;
  core.feed();
  core.pair.flush(core.now);
  if (!core.pair.speaks(core.now)) return std::nullopt;
  if (auto packet = core.replies.next()) return packet;
  const auto room = std::span(core.memory).subspan(kHeadroom);
  while (const auto slot = core.table.first_ready()) {
    if (Connection* connection = core.table.at(*slot)) {
      if (const std::size_t size = connection->next_segment(core.now, room); size > 0) {
        ++core.counters.segments_out;
        return Packet(core.memory, kHeadroom, size);
      }
      core.table.drop_ready();
      if (connection->finished() && !connection->dirty()) {
        core.table.close(*slot);
        core.feed();
        core.pair.flush(core.now);
      }
    } else {
      core.table.drop_ready();
    }
  }
  return std::nullopt;
}

std::optional<LentMessage> Host::lend_message() {
  return core_->pair.lend_message();
}

std::optional<Message> Host::next_message() {
  const std::optional<LentMessage> lent = lend_message();
  if (!lent) return std::nullopt;
  Message message{lent->kind, lent->peer, {}};
  lent->bytes.append_to(message.bytes);
  return message;
}

std::optional<Notice> Host::next_notice() {
  return core_->pair.next_notice();
}

Instant Host::next_deadline() const {
  const Instant pair = core_->pair.deadline();
  return core_->pair.serves() ? std::min(pair, core_->table.deadline()) : pair;
}

std::optional<Slot> Host::connect(Instant now, Endpoint local, Endpoint remote,
                                  Application* application, const ConnectionConfig& config) {
  Core& core = *core_;
  core.now = now;
  FlowKey key;
  key.source = remote.address, key.source_port = remote.port;
  key.destination = local.address, key.destination_port = local.port;
  key.protocol = wire::protocol::kTcp;
  for (int tries = 0; local.port == 0 && tries < 1000; ++tries) {
    key.destination_port =
        static_cast<std::uint16_t>(kEphemeralFirst + core.ports.below(65536 - kEphemeralFirst));
    if (!core.table.find(key)) break;
  }
  if (core.table.find(key)) return std::nullopt;
  const auto slot = core.table.open(key, config, application);
  if (!slot) return std::nullopt;
  core.table.at(*slot)->open_active(now, initial_sequence(core.config.secret, key, now),
                                    core.timestamp_offset(key));
  core.table.settle(now, *slot, false);
  return slot;
}

Stream* Host::stream(Slot slot) {
  return core_->table.at(slot);
}

void Host::touch(Instant now, Slot slot) {
  core_->now = now;
  if (core_->table.at(slot)) core_->table.settle(now, slot, true);
}

void Host::speak_up(Instant now) {
  core_->now = now;
  core_->table.for_each([&](Slot slot, Connection& connection) {
    if (connection.half_open() || connection.finished()) return;
    connection.take_over(now);
    core_->table.settle(now, slot, true);
  });
}

std::vector<Slot> Host::slots() const {
  std::vector<Slot> slots;
  core_->table.for_each([&](Slot slot, const Connection&) { slots.push_back(slot); });
  return slots;
}

const Connection* Host::connection(Slot slot) const {
  return core_->table.at(slot);
}

std::optional<State> Host::state(Slot slot) const {
  const Connection* connection = core_->table.at(slot);
  if (!connection) return std::nullopt;
  return connection->state();
}

Role Host::role() const {
  return core_->pair.role();
}

std::uint64_t Host::epoch() const {
  return core_->pair.epoch();
}

Lsn Host::logged() const {
  return core_->pair.logged();
}

std::uint64_t Host::log_size() const {
  return core_->pair.log_size();
}

Lsn Host::committed() const {
  return core_->pair.committed();
}

Instant Host::speaks_until() const {
  return core_->pair.speaks_until();
}

bool Host::is_protected() const {
  return core_->pair.is_protected();
}

const Host::Counters& Host::counters() const {
  return core_->counters;
}

std::uint64_t Host::digest() const {
  Digest digest;
  core_->table.add_to(digest);
  core_->pair.add_to(digest);
  return digest.value();
}

}  // namespace poise::tcp
