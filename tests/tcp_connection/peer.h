// One connection, and a peer made by hand at its other end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/tcp/connection/connection.h"
#include "model/wire/datagram.h"

namespace poise::tcp {

// The peer's numbers count from its SYN. Nothing is replicated: all that is may be told.
class Peer {
 public:
  static constexpr Seq kIrs = 1000, kIss = 2000;

  struct Heard {
    Position acknowledgment = 0;
    std::uint64_t window = 0;  // scaled
    Position begin = 0;        // of the payload
    std::size_t size = 0;
    Position edge() const { return acknowledgment + static_cast<Position>(window); }
  };

  Peer(const ConnectionConfig& config, ChunkPool& pool, bool scaling = true, bool sack = true)
      : place_{&pool, &clock_, false}, connection(key(), config, place_) {
    Handshake handshake;
    handshake.irs = kIrs;
    handshake.iss = kIss;
    handshake.mss = 1460;
    handshake.sack_permitted = sack;
    if (scaling) handshake.window_scale = 7;
    scale_ = scaling ? scale_for(config.receive_buffer) : 0;
    connection.open_passive(now, handshake, 0, 0);
    (void)listen();
    say(1, 0, 1);
  }

  // `size` bytes from `begin`, acknowledging up to `acknowledgment`; what comes back is kept.
  void say(Position begin, std::size_t size, Position acknowledgment, std::uint16_t window = 512) {
    bytes_.resize(size);
    for (std::size_t i = 0; i < size; ++i)
      bytes_[i] = static_cast<std::uint8_t>(static_cast<std::size_t>(begin) + i);
    Segment segment;
    segment.sequence = seq_of(begin, kIrs);
    segment.acknowledgment = seq_of(acknowledgment, kIss);
    segment.flags = wire::tcp_flag::kAck;
    segment.window = window;
    segment.payload = bytes_;
    (void)connection.on_segment(now, segment);
    (void)listen();
  }
  void pass(Duration time) {
    now += time;
    if (connection.deadline() <= now) connection.on_timer(now);
    (void)listen();
  }
  // Takes in all that the connection has to say.
  std::size_t listen() {
    connection.tell_all(now);
    std::size_t count = 0;
    for (; const std::size_t size = connection.next_segment(now, memory_); ++count) {
      wire::Datagram datagram;
      const std::span bytes(memory_.data(), size);
      if (wire::parse(bytes, datagram) != wire::Malformed::none) break;
      const Segment segment = read_segment(bytes, datagram);
      const bool syn = segment.has(wire::tcp_flag::kSyn);
      heard.acknowledgment = position_of(segment.acknowledgment, kIrs, heard.acknowledgment);
      heard.window = std::uint64_t{segment.window} << (syn ? 0 : scale_);
      heard.begin = position_of(segment.sequence, kIss, 0);
      heard.size = segment.payload.size();
    }
    return count;
  }

  static FlowKey key() {
    FlowKey key;
    key.source = Address::v4(0x0a010001), key.source_port = 4000;
    key.destination = Address::v4(0x0aff0001), key.destination_port = 80;
    key.protocol = wire::protocol::kTcp;
    return key;
  }

 private:
  TimestampClock clock_;
  Connection::Place place_;
  std::uint8_t scale_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(65536);

 public:
  Instant now = Instant{} + std::chrono::seconds{1};
  Connection connection;
  Heard heard;
};

}  // namespace poise::tcp
