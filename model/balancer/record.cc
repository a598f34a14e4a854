// Writing and reading records.
#include "model/balancer/record.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "model/backend/backend_set.h"

namespace poise {
namespace {

constexpr std::string_view kMagic = "POISEREC";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kLastInstant = std::uint64_t{1}
                                       << 62;  // 146 years: room for any timeout after it

}  // namespace

RecordWriter::RecordWriter(Sink sink, RecordedMachine machine, std::uint64_t configuration)
    : sink_(std::move(sink)) {
  buffer_.raw(kMagic).u8(kVersion).u8(static_cast<std::uint8_t>(machine)).u64(configuration);
  sink_(buffer_.bytes());
}

void RecordWriter::write(const Event& event) {
  buffer_.clear();
  buffer_.u8(static_cast<std::uint8_t>(event.kind));
  if (event.kind == EventKind::outcome || event.kind == EventKind::end) {
    buffer_.u64(event.hash);
    return sink_(buffer_.bytes());
  }
  POISE_CHECK(event.now >= last_);
  buffer_.varint(static_cast<std::uint64_t>((event.now - last_).count()));
  last_ = event.now;
  switch (event.kind) {
    case EventKind::packet:
    case EventKind::egress:
    case EventKind::restore:
      buffer_.sized(event.bytes);
      break;
    case EventKind::peer:
      buffer_.varint(event.peer).u8(event.peer_event == PeerEvent::up);
      break;
    case EventKind::message:
      buffer_.varint(event.peer).sized(event.bytes);
      break;
    case EventKind::command:
      buffer_.u8(static_cast<std::uint8_t>(event.command)).sized(event.bytes);
      break;
    case EventKind::flow_counts:
      buffer_.varint(event.flow_counts.size());
      for (const FlowCount& flows : event.flow_counts)
        buffer_.varint(flows.backend).varint(flows.count);
      break;
    case EventKind::health:
      buffer_.varint(event.health);
      break;
    case EventKind::replica:
      buffer_.sized(event.replica->pair).u8(event.replica->index);
      buffer_.varint(event.replica->epoch).u8(event.replica->active);
      break;
    case EventKind::timer:
    case EventKind::start:
    case EventKind::outcome:
    case EventKind::end:
      break;
  }
  sink_(buffer_.bytes());
}

RecordReader::RecordReader(std::span<const std::uint8_t> bytes) : in_(bytes) {
  const bool magic =
      bytes.size() >= kMagic.size() &&
      std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                 [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  in_.raw(magic ? kMagic.size() : bytes.size());
  const std::uint8_t version = in_.u8(), machine = in_.u8();
  configuration_ = in_.u64();
  if (in_.failed())
    error_ = "not a record";
  else if (version != kVersion)
    error_ = "record of version " + std::to_string(version) + "; this reads version 1";
  else if (machine != 1 && machine != 2)
    error_ = "record of an unknown machine";
  machine_ = static_cast<RecordedMachine>(machine);
}

std::optional<Event> RecordReader::fail(const std::string& what) {
  is_cut_ = in_.ran_out();
  error_ = (is_cut_ ? "cut short" : what) + " at byte " + std::to_string(in_.offset());
  return std::nullopt;
}

std::optional<Event> RecordReader::next() {
  if (!error_.empty() || in_.left() == 0) return std::nullopt;
  Event event;
  const std::uint8_t kind = in_.u8();
  event.kind = static_cast<EventKind>(kind);
  if (event.kind == EventKind::outcome || event.kind == EventKind::end) {
    event.hash = in_.u64();
    if (in_.failed()) return fail("bad hash");
    event.now = last_;
    return event;
  }
  if (kind < 1 || kind > 11) return fail("unknown event");
  const std::uint64_t delta = in_.varint(kLastInstant - static_cast<std::uint64_t>(to_ns(last_)));
  if (in_.failed()) return fail("bad time");
  last_ += Duration(static_cast<std::int64_t>(delta));
  event.now = last_;
  read_payload(event);
  if (in_.failed()) return fail("bad event");
  return event;
}

void RecordReader::read_payload(Event& event) {
  constexpr std::uint64_t kPeerMax = std::numeric_limits<PeerId>::max();
  constexpr std::uint64_t kHealthMax = 999;
  constexpr auto kCommandMax = static_cast<std::uint8_t>(Command::Kind::deregister);
  switch (event.kind) {
    case EventKind::packet:
    case EventKind::egress:
      event.bytes = in_.sized();
      if (event.bytes.size() > kPacketMemory - kHeadroom) in_.fail();
      return;
    case EventKind::peer: {
      event.peer = static_cast<PeerId>(in_.varint(kPeerMax));
      const std::uint8_t up = in_.u8();
      if (up > 1) in_.fail();
      event.peer_event = up ? PeerEvent::up : PeerEvent::down;
      return;
    }
    case EventKind::message:
      event.peer = static_cast<PeerId>(in_.varint(kPeerMax));
      event.bytes = in_.sized();
      return;
    case EventKind::command: {
      const std::uint8_t command = in_.u8();
      if (command > kCommandMax) in_.fail();
      event.command = static_cast<Command::Kind>(command);
      event.bytes = in_.sized();
      return;
    }
    case EventKind::restore:
      event.bytes = in_.sized();
      return;
    case EventKind::flow_counts:
      return read_flow_counts(event);
    case EventKind::health:
      event.health = static_cast<std::uint16_t>(in_.varint(kHealthMax));
      return;
    case EventKind::replica:
      return read_replica(event);
    case EventKind::timer:
    case EventKind::start:
    case EventKind::outcome:
    case EventKind::end:
      return;
  }
}

void RecordReader::read_flow_counts(Event& event) {
  flow_counts_.clear();
  // Each takes two bytes at least, so what is announced cannot exceed what is there.
  for (std::uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
    FlowCount flows;
    flows.backend = static_cast<BackendIndex>(in_.varint(kNoBackend - 1));
    flows.count = static_cast<std::uint32_t>(in_.varint(std::numeric_limits<std::uint32_t>::max()));
    flow_counts_.push_back(flows);
  }
  event.flow_counts = flow_counts_;
}

void RecordReader::read_replica(Event& event) {
  const auto pair = in_.sized();
  replica_.pair.assign(pair.begin(), pair.end());
  replica_.index = in_.u8();
  replica_.epoch = in_.varint(kEpochMax);
  const std::uint8_t active = in_.u8();
  replica_.active = active == 1;
  if (!is_backend_name(replica_.pair) || replica_.index >= kPairSize || active > 1) in_.fail();
  event.replica = &replica_;
}

void OutputHash::add(Verdict verdict, const Packet& packet) {
  digest_.add('v').add(verdict);
  if (verdict == Verdict::forward) digest_.add(packet.bytes());
}

void OutputHash::add(const Message& message) {
  digest_.add('m').add(message.kind).add(message.peer).add(std::string_view(message.bytes));
}

void OutputHash::add(const Notice& notice) {
  digest_.add('n')
      .add(std::string_view(notice.kind))
      .add(std::string_view(notice.subject))
      .add(std::string_view(notice.detail));
}

}  // namespace poise
