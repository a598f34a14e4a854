// Segments to connections, handshakes, resets.
#include "model/tcp/host/core.h"

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

const Listener* listener_of(const HostConfig& config, const FlowKey& key) {
  for (const Listener& listener : config.listeners)
    if (listener.local.address == key.destination &&
        (listener.local.port == 0 || listener.local.port == key.destination_port))
      return &listener;
  return nullptr;
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
  if (slot && listener &&
      (table.at(*slot)->gives_way_to(segment) || is_another(at, *slot, segment))) {
    table.close(*slot);
    slot.reset();
  }
  slot ? deliver(at, *slot, segment) : on_stray(at, key, segment, listener);
}

// A handshake that a predecessor answered in the place of a connection in TIME-WAIT, and did not
// live to log: it is complete in its cookie.
bool Host::Core::is_another(Instant at, Slot slot, const Segment& segment) const {
  const Connection& connection = *table.at(slot);
  if (connection.state() != State::time_wait || !segment.has(flag::kAck) ||
      segment.has(flag::kSyn | flag::kRst) || at >= last_cookie_at() + kCookieLife)
    return false;
  const auto handshake = open_cookie(config.secret, connection.key(), segment, minutes(at));
  return handshake && handshake->irs != connection.agreement().handshake.irs;
}

// After an event that may have changed the role: what an active had to say is forgotten with it,
// and what it held before is taken in.
void Host::Core::release(Instant at) {
  if (!pair.serves()) replies.clear();  // what was said in another epoch is not said in a later one
  if (held.empty() || !pair.serves()) return;
  held.release(at, [&](std::span<std::uint8_t> bytes) {
    Packet packet(bytes, 0, bytes.size());
    wire::Datagram datagram;
    if (wire::parse(bytes, datagram) == wire::Malformed::none)
      take(at, packet, datagram, key_of(datagram));
  });
}

// Chunks came back: who wanted some is asked again, each in its turn.
void Host::Core::feed() {
  if (!pair.serves()) return;
  for (std::size_t count = table.fed_count(); count > 0; --count)
    if (const auto slot = table.next_starved()) table.settle(now, *slot, true);
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

}  // namespace poise::tcp
