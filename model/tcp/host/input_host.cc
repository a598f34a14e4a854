// One order of inputs for two hosts; frames are size:u32 kind:u8 number:u64 bytes, little-endian.
#include "model/tcp/host/input_host.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/wire/datagram.h"

namespace poise::tcp {

namespace {

constexpr std::size_t kFrameHead = 4 + 1 + 8;

HostConfig inner(HostConfig config) {
  config.replication = {};
  return config;
}

}  // namespace

InputHost::InputHost(HostConfig config)
    : role_(config.replication.role),
      opens_(config.replication.opens),
      heartbeat_(config.replication.heartbeat),
      silence_max_(config.replication.missed_max * heartbeat_),
      epoch_(role_ == Role::active ? 1 : 0),
      host_(inner(config)) {
  for (const Listener& listener : config.listeners) addresses_.push_back(listener.local.address);
}

void InputHost::start(Instant now) {
  if (opens_) messages_.push({Message::Kind::open, kReplicaPeer, {}});
  if (role_ == Role::active) submit(now, Kind::start, {});
}

Instant InputHost::shifted(Instant now) const {
  return std::max(now + shift_, last_);
}

// An input is sent at once and looked at when the standby has said that it has it.
void InputHost::submit(Instant now, Kind kind, std::span<const std::uint8_t> bytes) {
  last_ = shifted(now);
  waiting_.push_back({kind, last_, {bytes.begin(), bytes.end()}});
  if (peer_up_) send(waiting_.back());
  if (alone_) apply_up_to(applied_ + waiting_.size());
}

void InputHost::send(const Input& input) {
  const auto size = static_cast<std::uint32_t>(input.bytes.size());
  const std::int64_t number = to_ns(input.now);
  std::string out(kFrameHead, '\0');
  std::memcpy(out.data(), &size, 4);
  out[4] = static_cast<char>(input.kind);
  std::memcpy(out.data() + 5, &number, 8);
  out.append(reinterpret_cast<const char*>(input.bytes.data()), size);
  sent_bytes_ += out.size();
  messages_.push({Message::Kind::bytes, kReplicaPeer, std::move(out)});
}

std::optional<InputHost::Input> InputHost::next_input() {
  if (received_.size() < kFrameHead) return std::nullopt;
  std::uint32_t size = 0;
  std::int64_t number = 0;
  std::memcpy(&size, received_.data(), 4);
  std::memcpy(&number, received_.data() + 5, 8);
  if (size > 0xffff || received_[4] < 1 || received_[4] > 5) {
    received_.clear();
    messages_.push({Message::Kind::close, kReplicaPeer, {}});
    return std::nullopt;
  }
  if (received_.size() < kFrameHead + size) return std::nullopt;
  const auto begin = received_.begin() + kFrameHead;
  Input input{static_cast<Kind>(received_[4]), instant_from_ns(number), {begin, begin + size}};
  received_.erase(received_.begin(), begin + size);
  return input;
}

// What the host says of it leaves only where it serves; that it was said is state on both.
void InputHost::apply(Input& input) {
  ++applied_;
  if (input.kind == Kind::start) host_.start(input.now);
  if (input.kind == Kind::timer) host_.on_timer(input.now);
  if (input.kind == Kind::packet) {
    std::vector<std::uint8_t> memory(kHeadroom);
    memory.insert(memory.end(), input.bytes.begin(), input.bytes.end());
    Packet packet(memory, kHeadroom, input.bytes.size());
    (void)host_.on_packet(input.now, packet);
  }
  collect();
}

void InputHost::collect() {
  while (const auto packet = host_.next_transmit()) {
    const std::span<const std::uint8_t> bytes = packet->bytes();
    if (role_ == Role::active) outputs_.emplace_back(bytes.begin(), bytes.end());
  }
  while (auto notice = host_.next_notice())
    if (role_ == Role::active) notices_.push(std::move(*notice));
}

void InputHost::apply_up_to(std::uint64_t count) {
  for (; applied_ < count && !waiting_.empty(); waiting_.pop_front()) {
    if (waiting_.front().kind == Kind::timer) timer_waits_ = false;
    apply(waiting_.front());
  }
}

Verdict InputHost::on_packet(Instant now, Packet& packet) noexcept {
  const std::span<const std::uint8_t> bytes = packet.bytes();
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none) return Verdict::pass;
  const FlowKey key = key_of(datagram);
  if (std::ranges::find(addresses_, key.destination) == addresses_.end()) return Verdict::pass;
  if (role_ == Role::active && waiting_.size() < kWaitingMax) submit(now, Kind::packet, bytes);
  return Verdict::drop;
}

// The stream is over, or nothing comes of it: who has begun goes on alone.
void InputHost::lose(Instant now) {
  const bool was_up = std::exchange(peer_up_, false);
  beat_at_ = kNever;
  if (role_ == Role::standby && applied_ > 0)
    go_alone(now, "active");
  else if (role_ == Role::active && !alone_ && was_up)
    go_alone(now, "alone");
  else if (opens_ && !alone_)
    reopen_at_ = now + 4 * heartbeat_;
}

void InputHost::on_peer(Instant now, PeerId, PeerEvent event) {
  received_.clear();
  if (event == PeerEvent::down) return lose(now);
  if (alone_) {  // it would have to be told everything, and there is no snapshot
    messages_.push({Message::Kind::close, kReplicaPeer, {}});
    return;
  }
  peer_up_ = true;
  heard_at_ = now;
  if (role_ == Role::active) beat_at_ = now;
  for (const Input& input : waiting_) send(input);
}

void InputHost::acknowledge() {
  send({Kind::acknowledgment, instant_from_ns(static_cast<std::int64_t>(applied_)), {}});
}

void InputHost::on_message(Instant now, PeerId, std::span<const std::uint8_t> bytes) {
  if (alone_) return;
  heard_at_ = now;
  received_.insert(received_.end(), bytes.begin(), bytes.end());
  bool heard = false;
  while (std::optional<Input> input = next_input()) {
    if (input->kind == Kind::acknowledgment) {
      if (role_ == Role::active) apply_up_to(static_cast<std::uint64_t>(to_ns(input->now)));
    } else if (role_ == Role::standby) {
      heard = true;  // a heartbeat, too: the answer to it says that this one lives
      if (input->kind == Kind::heartbeat) continue;
      last_ = std::max(last_, input->now);
      apply(*input);
    }
  }
  if (heard) acknowledge();
}

void InputHost::on_timer(Instant now) {
  if (reopen_at_ <= now) {
    reopen_at_ = kNever;
    messages_.push({Message::Kind::open, kReplicaPeer, {}});
  }
  if (suspicion_at() <= now) {
    messages_.push({Message::Kind::close, kReplicaPeer, {}});
    lose(now);
  }
  if (beat_at_ <= now) {
    beat_at_ = now + heartbeat_;
    send({Kind::heartbeat, now, {}});
  }
  if (input_deadline() > now) return;
  timer_waits_ = true;
  submit(now, Kind::timer, {});
}

bool InputHost::on_order(Instant now, Host::Order order) {
  const bool promotes = order == Host::Order::promote && role_ == Role::standby && applied_ > 0;
  const bool parts = order == Host::Order::solo && role_ == Role::active && !alone_;
  if (promotes || parts) go_alone(now, promotes ? "active" : "alone");
  return promotes || parts;
}

void InputHost::go_alone(Instant now, const char* notice) {
  const bool takes_over = std::exchange(role_, Role::active) == Role::standby;
  alone_ = true;
  peer_up_ = false;
  beat_at_ = reopen_at_ = kNever;
  if (last_ > now) shift_ = std::max(shift_, last_ - now);
  notices_.push({notice, {}, {}});
  apply_up_to(applied_ + waiting_.size());
  if (!takes_over) return;
  epoch_ = 2;
  host_.speak_up(last_ = shifted(now));
  collect();
}

std::optional<Packet> InputHost::next_transmit() {
  if (outputs_.empty()) return std::nullopt;
  const std::vector<std::uint8_t>& bytes = outputs_.front();
  lent_.resize(kHeadroom);
  lent_.insert(lent_.end(), bytes.begin(), bytes.end());
  Packet packet(lent_, kHeadroom, bytes.size());
  outputs_.pop_front();
  return packet;
}

// Until a standby has come there is nobody to suspect.
Instant InputHost::suspicion_at() const {
  const bool knows = role_ == Role::active || applied_ > 0;
  return peer_up_ && !alone_ && knows ? heard_at_ + silence_max_ : kNever;
}

Instant InputHost::next_deadline() const {
  return std::min({input_deadline(), suspicion_at(), beat_at_, reopen_at_});
}

// Timers wait for the standby like everything else: one at a time.
Instant InputHost::input_deadline() const {
  if (role_ != Role::active || timer_waits_ || applied_ == 0) return kNever;
  const Instant deadline = host_.next_deadline();
  return deadline == kNever ? kNever : deadline - shift_;
}

}  // namespace poise::tcp
