// Reads a burst, feeds all of it, drains once: so that one record says what a burst changed.
#include "realnet/tcp/host_loop.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "realnet/system/clock.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

using Step = TakeoverTimes::Step;

constexpr auto kLate = std::chrono::milliseconds{2};
constexpr auto kVeryLate = std::chrono::milliseconds{5};

}  // namespace

struct HostLoop::World {
  HostLoop& loop;

  void transmit(const Packet& packet) { loop.transmit(packet); }
  void send(const Message& message) {
    if (!loop.streams_ || loop.parted_) return;
    if (message.peer == tcp::kReplicaPeer) {
      loop.counters_.stream_bytes += message.bytes.size();
      if (loop.asked_at_ == kNever) loop.asked_at_ = realnet::now();
    } else if (!loop.serves_) {
      loop.takeover_.note(Step::asked, realnet::now());
    }
    loop.streams_->carry(message);
  }
  void notice(const Notice& notice) { loop.owner_.notice(notice); }
  void wake_at(Instant at) { loop.arm(at); }
};

HostLoop::HostLoop(boost::asio::io_context& io, tcp::HostConfig config, Tun tun,
                   Departure departure, Owner owner)
    : host_(std::move(config)),
      tun_(std::move(tun)),
      departure_(departure),
      owner_(std::move(owner)),
      readiness_(io, checked(::fcntl(tun_.descriptor(), F_DUPFD_CLOEXEC, 0), "watch the device")),
      timer_(io),
      hold_timer_(io) {
  if (departure == Departure::raw) raw_.emplace();
}

Instant HostLoop::now() {
  return realnet::now();
}

StreamEvents HostLoop::stream_events(std::function<void(std::string)> log) {
  return {.on_peer =
              [this](PeerId peer, PeerEvent event) {
                if (parted_) return;
                act([&](Instant at, tcp::Host& host) {
                  if (peer == tcp::kReplicaPeer && event == PeerEvent::down && !serves_)
                    takeover_.note(Step::lost, at);
                  host.on_peer(at, peer, event);
                });
              },
          .on_message =
              [this](PeerId peer, std::span<const std::uint8_t> bytes) {
                if (parted_) return;
                act([&](Instant at, tcp::Host& host) {
                  if (peer == tcp::kReplicaPeer) note_answer(at);
                  if (peer == tcp::kReplicaPeer && !serves_) takeover_.heard(at);
                  host.on_message(at, peer, bytes);
                });
              },
          .log = std::move(log)};
}

void HostLoop::start() {
  act([](Instant at, tcp::Host& host) { host.start(at); });
  wait();
}

void HostLoop::part() {
  if (std::exchange(parted_, true) || !streams_) return;
  for (const PeerId peer : {tcp::kReplicaPeer, tcp::kWitnessPeer})
    streams_->carry({Message::Kind::close, peer, {}});
}

void HostLoop::note_answer(Instant at) {
  if (asked_at_ == kNever) return;
  round_trips_.add(at - std::exchange(asked_at_, kNever));
}

// Whoever looks for the reason of a stall begins here: did the machine run us?
void HostLoop::note_late(Duration late) {
  if (late < kLate) return;
  ++counters_.late;
  if (late >= kVeryLate)
    owner_.notice({"late", "loop", std::to_string(late / std::chrono::milliseconds{1}) + " ms"});
}

void HostLoop::note_segment_in(Instant at) {
  if (!takeover_.awaits(Step::answered)) return;
  takeover_.note(Step::answered, at);
  owner_.notice({"took-over", std::to_string(host_.epoch()), takeover_.text()});
}

void HostLoop::wait() {
  readiness_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (error) return;
                          try {
                            on_packets();
                            wait();
                          } catch (const std::exception& thrown) {
                            owner_.failed(thrown);
                          }
                        });
}

void HostLoop::on_packets() {
  const std::span<Packet> packets = tun_.receive();
  if (packets.empty()) return;
  ++counters_.bursts;
  const Instant at = now();
  note_segment_in(at);
  // What it does not want is nobody's: the kernel has no such address.
  for (Packet& packet : packets) static_cast<void>(host_.on_packet(at, packet));
  carry_out();
}

void HostLoop::carry_out() {
  tell_serving();
  World world{*this};
  // The standby works on a record while we make segments of what it has.
  host_.write_log();
  while (std::optional<Message> message = host_.next_message()) world.send(*message);
  if (holds_) return arm(host_.next_deadline());  // the segments are for release()
  drain(host_, world);
  leave();
  tell_serving();
  if (owner_.settled) owner_.settled();
}

void HostLoop::hold(Duration longest) {
  holds_ = true;
  hold_timer_.expires_after(longest);
  hold_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) release();
  });
}

void HostLoop::release() {
  if (!std::exchange(holds_, false)) return;
  hold_timer_.cancel();
  try {
    carry_out();
  } catch (const std::exception& thrown) {
    owner_.failed(thrown);
  }
}

void HostLoop::tell_serving() {
  const tcp::Role role = host_.role();
  const bool serves = role == tcp::Role::active || role == tcp::Role::alone;
  if (std::exchange(serves_, serves) == serves) return;
  if (serves) takeover_.note(Step::won, now());
  owner_.serving(serves);
  if (serves) takeover_.note(Step::announced, now());
}

void HostLoop::transmit(const Packet& packet) {
  if (departure_ == Departure::raw) {
    const std::span<const std::uint8_t> bytes = packet.bytes();
    held_.insert(held_.end(), bytes.begin(), bytes.end());
    held_sizes_.push_back(bytes.size());
    if (held_sizes_.size() == kBurst) leave();
    return;
  }
  if (!joiner_.take(packet.bytes())) {
    leave();
    static_cast<void>(joiner_.take(packet.bytes()));  // an empty one takes everything
  }
  if (departure_ == Departure::device) leave();
}

void HostLoop::leave() {
  if (!joiner_.empty()) {
    const auto joined = joiner_.hand_out();
    if (in_time()) tun_.send(joined);
    if (takeover_.awaits(Step::spoke)) takeover_.note(Step::spoke, now());
  }
  if (!held_sizes_.empty() && in_time()) send_held();
  held_.clear();
  held_sizes_.clear();
}

void HostLoop::send_held() {
  std::span<std::uint8_t> rest = held_;
  for (const std::size_t size : held_sizes_) {
    raw_->queue(Packet(rest.first(size), 0, size));
    rest = rest.subspan(size);
  }
  raw_->flush();
}

// A datagram is made in the right of its sender's lease. This process may be stopped at any
// instruction, so the clock is asked again right before a datagram leaves.
bool HostLoop::in_time() {
  if (may_speak()) return true;
  ++counters_.too_late;
  return false;
}

void HostLoop::arm(Instant at) {
  if (at == armed_) return;
  armed_ = at;
  if (at == kNever) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max(at - now(), Duration::zero()));
  timer_.async_wait([this, at](const boost::system::error_code& error) {
    if (error || at != armed_) return;
    armed_ = kNever;
    note_late(now() - at);
    try {
      act([](Instant now, tcp::Host& host) { host.on_timer(now); });
    } catch (const std::exception& thrown) {
      owner_.failed(thrown);
    }
  });
}

}  // namespace poise::realnet
