// Segments to connections, handshakes, resets; what leaves is made when the world asks for it.
#include "model/tcp/host/host.h"

#include <algorithm>
#include <array>

#include "model/balancer/outbox.h"
#include "model/tcp/host/held_packets.h"
#include "model/tcp/host/pair.h"
#include "model/tcp/host/table.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"

namespace poise::tcp {

namespace flag = wire::tcp_flag;

namespace {

// While handshakes lie in cookies, a segment may come whose forerunner, which holds the cookie, was
// lost: it is no stray, and must not be reset.
constexpr auto kQuiet = std::chrono::minutes{1};
// Cookies are opened only while one may be about: else an old duplicate of a handshake's last
// segment would bring back a connection that has ended.
constexpr auto kCookieLife = std::chrono::minutes{3};

constexpr std::uint16_t kEphemeralFirst = 49152;  // RFC 6335, 6

const Listener* listener_of(const HostConfig& config, const FlowKey& key) {
  for (const Listener& listener : config.listeners)
    if (listener.local.address == key.destination &&
        (listener.local.port == 0 || listener.local.port == key.destination_port))
      return &listener;
  return nullptr;
}

bool serves_address(const HostConfig& config, const Address& address) {
  return std::any_of(config.listeners.begin(), config.listeners.end(),
                     [&](const Listener& l) { return l.local.address == address; });
}

// The sequence number in the TCP header that an ICMP error quotes, when it is there.
std::optional<Seq> quoted_sequence(std::span<const std::uint8_t> bytes,
                                   const wire::Datagram& datagram) {
  const std::size_t quoted = datagram.transport_offset + 8u;
  const std::size_t header =
      datagram.family == Family::v4 && quoted < bytes.size() ? (bytes[quoted] & 15u) * 4u : 40u;
  if (quoted + header + 8 > datagram.total_size) return std::nullopt;
  return wire::load32(bytes.data() + quoted + header + 4);
}

}  // namespace

struct Host::Core {
  explicit Core(HostConfig configuration)
      : config(std::move(configuration)),
        table(config),
        pair(config, table, &listener_of),
        ports(config.seed),
        held(config.held_packets_max),
        memory(kPacketMemory) {
    table.place().cookies = cookies_only();
  }

  // Replicas complete each other's handshakes: then a handshake may agree on nothing that a cookie
  // cannot say.
  bool cookies_only() const {
    return config.replication.role != Role::alone || config.half_open_count_max == 0;
  }
  std::uint32_t clock_of(Instant at, const FlowKey& key) const {
    return table_clock(at) + timestamp_offset(key);
  }
  std::uint32_t table_clock(Instant at) const { return table.clock().at(at); }
  std::uint32_t timestamp_offset(const FlowKey& key) const {
    const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(FlowKey)>>(key);
    return static_cast<std::uint32_t>(siphash24({config.secret.k1, config.secret.k0}, bytes));
  }
  std::uint64_t minutes(Instant at) const { return table_clock(at) / 60'000; }

  Instant last_cookie_at() const { return std::max(cookie_at, pair.took_over_at()); }
  void take(Instant now, Packet& packet, const wire::Datagram& datagram, const FlowKey& key);
  void release(Instant now);
  void deliver(Instant now, Slot slot, const Segment& segment);
  void reset(Instant now, const FlowKey& key, const Segment& segment);
  void on_stray(Instant now, const FlowKey& key, const Segment& segment, const Listener* listener);
  void on_syn(Instant now, const FlowKey& key, const Segment& segment, const Listener& listener);
  bool complete_cookie(Instant now, const FlowKey& key, const Segment& segment,
                       const Listener& listener);
  void on_icmp(Instant now, std::span<const std::uint8_t> bytes, const wire::Datagram& datagram);
  void reply(const Envelope& envelope, const Segment& segment);
  Handshake agree(const FlowKey& key, const Segment& syn, const ConnectionConfig& config,
                  const Cookie& cookie) const;

  HostConfig config;
  Table table;
  Pair pair;
  Rng ports;
  Instant now{};
  Instant cookie_at = Instant::min();  // the last cookie that was given, here or by a predecessor
  PacketOutbox replies;
  HeldPackets held;
  std::vector<std::uint8_t> memory;
  Host::Counters counters;
};

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
    core.held.hold(bytes);
    return Verdict::drop;
  }
  core.take(now, packet, datagram, key);
  return Verdict::drop;
}

// A datagram to a server that serves.
void Host::Core::take(Instant at, Packet& packet, const wire::Datagram& datagram,
                      const FlowKey& key) {
  const auto bytes = std::span<const std::uint8_t>(packet.bytes());
  if (datagram.is_icmp_error) return on_icmp(at, bytes, datagram);
  if (datagram.is_fragment || !wire::has_right_transport_checksum(bytes, datagram)) {
    ++counters.malformed;
    return;
  }
  ++counters.segments_in;
  const Segment segment = read_segment(bytes, datagram);
  const Listener* listener = listener_of(config, key);
  std::optional<Slot> slot = table.find(key);
  if (slot && listener && table.at(*slot)->gives_way_to(segment)) {
    table.close(*slot);
    slot.reset();
  }
  slot ? deliver(at, *slot, segment) : on_stray(at, key, segment, listener);
}

// After an event that may have made this replica the active one: what it held is taken in.
void Host::Core::release(Instant at) {
  if (held.empty() || !pair.serves()) return;
  held.release([&](std::span<std::uint8_t> bytes) {
    Packet packet(bytes, 0, bytes.size());
    wire::Datagram datagram;
    if (wire::parse(bytes, datagram) == wire::Malformed::none)
      take(at, packet, datagram, key_of(datagram));
  });
}

void Host::Core::deliver(Instant at, Slot slot, const Segment& segment) {
  Connection& connection = *table.at(slot);
  if (!connection.on_segment(at, segment)) {
    const FlowKey key = connection.key();
    // An older SYN-ACK of ours, or the predecessor's, is acknowledged: its cookie holds.
    const Listener* listener = listener_of(config, key);
    if (connection.half_open() && listener &&
        open_cookie(config.secret, key, segment, minutes(at))) {
      table.close(slot);
      (void)complete_cookie(at, key, segment, *listener);
      return;
    }
    reset(at, key, segment);
  }
  table.settle(at, slot, true);
}

void Host::Core::reset(Instant at, const FlowKey& key, const Segment& segment) {
  if (at < last_cookie_at() + kQuiet) {
    ++counters.silent;
    return;
  }
  const auto answer = reset_for(segment);
  if (!answer) return;
  ++counters.resets;
  reply({key}, *answer);
}

// A segment of no connection: a handshake's first or last, or a stray.
void Host::Core::on_stray(Instant at, const FlowKey& key, const Segment& segment,
                          const Listener* listener) {
  // RFC 9293, 3.9.2.3: nobody can be answered there.
  if (!key.source.is_single_host() && key.destination.is_single_host()) {
    ++counters.malformed;
    return;
  }
  if (listener && segment.has(flag::kSyn) && !segment.has(flag::kAck | flag::kRst))
    return on_syn(at, key, segment, *listener);
  if (listener && segment.has(flag::kAck) && !segment.has(flag::kSyn | flag::kRst) &&
      complete_cookie(at, key, segment, *listener))
    return;
  reset(at, key, segment);
}

Handshake Host::Core::agree(const FlowKey& key, const Segment& syn,
                            const ConnectionConfig& connection, const Cookie& cookie) const {
  const Options& theirs = syn.options;
  Handshake handshake;
  handshake.irs = syn.sequence;
  handshake.iss = cookie.iss;
  handshake.mss =
      cookies_only() ? cookie.mss : theirs.mss.value_or(default_mss(key.source.family()));
  handshake.timestamps = connection.timestamps && theirs.timestamps;
  const bool more = handshake.timestamps || !cookies_only();
  if (connection.window_scaling && more) handshake.window_scale = theirs.window_scale;
  handshake.sack_permitted = connection.sack && theirs.sack_permitted && more;
  const std::uint8_t ecn = flag::kEce | flag::kCwr;
  handshake.ecn = connection.ecn && (syn.flags & ecn) == ecn && more;
  return handshake;
}

void Host::Core::on_syn(Instant at, const FlowKey& key, const Segment& segment,
                        const Listener& listener) {
  // Offered options that the listener does not want are as if they had not been offered.
  Segment wanted = segment;
  if (!listener.connection.timestamps) wanted.options.timestamps.reset();
  if (!listener.connection.window_scaling) wanted.options.window_scale.reset();
  if (!wanted.options.mss && listener.connection.mss_unsaid > 0)
    wanted.options.mss = listener.connection.mss_unsaid;
  wanted.options.sack_permitted = listener.connection.sack && segment.options.sack_permitted;
  const bool ecn = listener.connection.ecn && segment.has(flag::kEce) && segment.has(flag::kCwr);
  const Cookie cookie =
      make_cookie(config.secret, key, wanted, minutes(at), clock_of(at, key), ecn);
  const Handshake handshake = agree(key, wanted, listener.connection, cookie);
  if (table.half_open_count() < config.half_open_count_max) {
    if (const auto slot = table.open(key, listener.connection, listener.application)) {
      const std::uint32_t recent = segment.options.timestamps.value_or(Timestamps{}).value;
      table.at(*slot)->open_passive(at, handshake, timestamp_offset(key), recent);
      table.settle(at, *slot, false);
      return;
    }
    ++counters.refused;
    return;
  }
  ++counters.cookies;
  cookie_at = at;
  Segment answer;
  answer.sequence = cookie.iss;
  answer.acknowledgment = segment.sequence + 1;
  answer.flags = flag::kSyn | flag::kAck;
  if (handshake.ecn) answer.flags |= flag::kEce;
  const ConnectionConfig& connection = listener.connection;
  answer.window =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(connection.receive_buffer, 65535));
  answer.options.mss = static_cast<std::uint16_t>(connection.mtu - (key.source.is_v4() ? 40 : 60));
  answer.options.sack_permitted = handshake.sack_permitted;
  if (handshake.timestamps)
    answer.options.timestamps = Timestamps{cookie.timestamp, segment.options.timestamps->value};
  if (handshake.window_scale) answer.options.window_scale = scale_for(connection.receive_buffer);
  reply({key, connection.personality}, answer);
}

bool Host::Core::complete_cookie(Instant at, const FlowKey& key, const Segment& segment,
                                 const Listener& listener) {
  if (at >= last_cookie_at() + kCookieLife) return false;
  const auto handshake = open_cookie(config.secret, key, segment, minutes(at));
  if (!handshake) return false;
  const auto slot = table.open(key, listener.connection, listener.application);
  if (!slot) {
    ++counters.refused;
    return true;
  }
  table.at(*slot)->open_cookie(at, *handshake, timestamp_offset(key),
                               segment.options.timestamps.value_or(Timestamps{}).value);
  deliver(at, *slot, segment);
  return true;
}

void Host::Core::on_icmp(Instant at, std::span<const std::uint8_t> bytes,
                         const wire::Datagram& datagram) {
  const auto slot = table.find(key_of(datagram));
  const auto quoted = quoted_sequence(bytes, datagram);
  if (!slot || !quoted || datagram.icmp_mtu == 0) return;
  table.at(*slot)->on_path_mtu(at, datagram.icmp_mtu, *quoted);
  table.settle(at, *slot, false);
}

void Host::Core::reply(const Envelope& envelope, const Segment& segment) {
  const auto room = replies.begin();
  if (!room) {
    ++counters.replies_lost;
    return;
  }
  if (const std::size_t size = write_segment(*room, envelope, segment); size > 0)
    replies.commit(size);
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
  return core_->pair.on_order(now, order);
}

std::optional<Packet> Host::next_transmit() {
  Core& core = *core_;
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
      core.table.drop_ready(core.now);
      if (connection->finished() && !connection->dirty()) core.table.close(*slot);
    } else {
      core.table.drop_ready(core.now);
    }
  }
  return std::nullopt;
}

std::optional<Message> Host::next_message() {
  return core_->pair.next_message();
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
