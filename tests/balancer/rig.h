// A balancer on a test's clock, with the hands of an agent: says lines, answers probes, sends
// packets.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/balancer/balancer.h"
#include "model/wire/build.h"

namespace poise::testing {

using namespace std::chrono_literals;

inline const Address kBalancer = Address::v4(0x0a000001);  // 10.0.0.1
inline const Address kVip = Address::v4(0x0aff0001);       // 10.255.0.1
inline const Address kClient = Address::v4(0x0a010001);    // 10.1.0.1

inline Address backend_address(unsigned i) {
  return Address::v4(0x0a000100 + i);
}
inline std::string backend_name(unsigned i) {
  return "web" + std::to_string(i);
}

inline BalancerConfig config() {
  BalancerConfig config;
  config.name = "lb";
  config.address = kBalancer;
  config.vips = {{kVip, 6, 80}, {kVip, 17, 0}};
  config.timeout = 1s;
  config.probe_interval = 100ms;
  return config;
}

// Memory for one packet, as a world lends it.
class Buffer {
 public:
  explicit Buffer(std::span<const std::uint8_t> bytes) : memory_(kPacketMemory) {
    std::copy(bytes.begin(), bytes.end(), memory_.begin() + kHeadroom);
    packet_ = Packet(memory_, kHeadroom, bytes.size());
  }
  Packet& packet() { return packet_; }

 private:
  std::vector<std::uint8_t> memory_;
  Packet packet_;
};

struct Sent {
  Verdict verdict = Verdict::drop;
  Address to;                       // of the tunnel, when forwarded
  std::vector<std::uint8_t> bytes;  // as the balancer left them
};

class Rig {
 public:
  explicit Rig(BalancerConfig c = config(), policy::Config policy = {}, LentMemory memory = {})
      : balancer(std::move(c), policy::make(policy), memory) {
    settle();
  }

  // Time passes; every deadline on the way is kept.
  Rig& at(Duration time) {
    const Instant target = Instant{} + time;
    while (balancer.next_deadline() <= target) {
      now = std::max(now, balancer.next_deadline());
      balancer.on_timer(now);
      settle();
    }
    now = target;
    return *this;
  }

  Rig& up(PeerId peer) {
    balancer.on_peer(now, peer, PeerEvent::up);
    return settle();
  }
  Rig& down(PeerId peer) {
    balancer.on_peer(now, peer, PeerEvent::down);
    return settle();
  }
  Rig& says(PeerId peer, std::string_view line) {
    const std::string text = std::string(line) + "\n";
    return bytes(peer, text);
  }
  Rig& bytes(PeerId peer, std::string_view text) {
    balancer.on_message(now, peer,
                        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return settle();
  }
  RestoreOutcome restores(std::span<const std::uint8_t> snapshot) {
    const RestoreOutcome outcome = balancer.on_restore(now, snapshot);
    settle();
    return outcome;
  }
  CommandResult command(Command::Kind kind, std::string backend) {
    const CommandResult result = balancer.on_command(now, {kind, std::move(backend)});
    settle();
    return result;
  }

  // The lines said to a peer since the last call.
  std::vector<std::string> lines(PeerId peer) { return std::exchange(lines_[peer], {}); }
  bool closed(PeerId peer) const { return closed_.count(peer) > 0; }
  // The kinds of notices about a subject, in order.
  std::vector<std::string> notices(std::string_view subject) const {
    std::vector<std::string> kinds;
    for (const Notice& notice : notices_)
      if (notice.subject == subject) kinds.push_back(notice.kind);
    return kinds;
  }
  std::vector<std::vector<std::uint8_t>> transmitted() { return std::exchange(transmitted_, {}); }

  // The nonce of the last probe on the wire, and where it went.
  std::pair<std::string, Address> probe() {
    EXPECT_FALSE(transmitted_.empty()) << "no probe";
    if (transmitted_.empty()) return {};
    const std::vector<std::uint8_t>& bytes = transmitted_.back();
    wire::Datagram outer;
    EXPECT_EQ(wire::parse(bytes, outer), wire::Malformed::none);
    const std::string text(bytes.begin(), bytes.end());
    const std::size_t at = text.find("SANITY ");
    return {at == std::string::npos ? "" : text.substr(at + 7, 16), outer.destination};
  }

  // A whole registration: peer i is webi.
  Rig& registers(unsigned i, std::string_view options = {}) {
    up(i).says(i, "REGISTER " + backend_name(i) + ' ' + backend_address(i).to_string() +
                      std::string(options));
    const auto [nonce, to] = probe();
    EXPECT_EQ(to, backend_address(i));
    says(i, "SANE " + nonce);
    EXPECT_EQ(lines(i).back(),
              "REGISTERED " + backend_name(i) + ' ' + backend_address(i).to_string());
    transmitted_.clear();
    return *this;
  }
  // Heartbeats of the peers given, each 200 ms, up to a time.
  Rig& beats_until(Duration end, std::initializer_list<PeerId> peers) {
    for (Duration t = now.time_since_epoch() + 200ms; t <= end; t += 200ms) {
      at(t);
      for (const PeerId peer : peers) says(peer, "HEALTH 200");
    }
    return at(end);
  }

  Sent sends(std::vector<std::uint8_t> bytes) {
    Buffer buffer(bytes);
    Sent sent;
    sent.verdict = balancer.on_packet(now, buffer.packet());
    sent.bytes.assign(buffer.packet().bytes().begin(), buffer.packet().bytes().end());
    wire::Datagram outer;
    if (sent.verdict == Verdict::forward && wire::parse(sent.bytes, outer) == wire::Malformed::none)
      sent.to = outer.destination;
    settle();
    return sent;
  }
  // One TCP segment of a client to the VIP.
  Sent tcp(std::uint16_t port, std::uint8_t flags, std::size_t payload = 0) {
    const std::vector<std::uint8_t> data(payload, 'x');
    return sends(wire::build(wire::TcpSegment{
        .source = {kClient, port},
        .destination = {kVip, 80},
        .flags = flags,
        .mss = flags & wire::tcp_flag::kSyn ? std::optional<std::uint16_t>(1460) : std::nullopt,
        .payload = data}));
  }
  Sent syn(std::uint16_t port) { return tcp(port, wire::tcp_flag::kSyn); }
  Sent ack(std::uint16_t port, std::size_t payload = 0) {
    return tcp(port, wire::tcp_flag::kAck, payload);
  }

  BackendState state(unsigned i) const {
    const Backend* backend = balancer.backends().find(backend_name(i));
    EXPECT_NE(backend, nullptr) << "no " << backend_name(i);
    return backend ? backend->state : BackendState::down;
  }
  std::uint64_t count(Count what) const { return balancer.counters()[what]; }

  Balancer balancer;
  Instant now{};

  // World, for drain().
  void transmit(const Packet& packet) {
    transmitted_.emplace_back(packet.bytes().begin(), packet.bytes().end());
  }
  void send(const Message& message) {
    if (message.kind == Message::Kind::close) closed_[message.peer] = true;
    if (message.kind != Message::Kind::bytes) return;
    lines_[message.peer].push_back(message.bytes.substr(0, message.bytes.size() - 1));
  }
  void notice(const Notice& notice) { notices_.push_back(notice); }
  void wake_at(Instant at) {
    EXPECT_GT(at, now) << "after a drain the deadline lies in the future";
  }

 private:
  Rig& settle() {
    drain(balancer, *this);
    return *this;
  }
  std::map<PeerId, std::vector<std::string>> lines_;
  std::map<PeerId, bool> closed_;
  std::vector<Notice> notices_;
  std::vector<std::vector<std::uint8_t>> transmitted_;
};

}  // namespace poise::testing
