// Writing and reading records.
#include "model/balancer/record.h"

#include <algorithm>
#include <string_view>

namespace poise {
namespace {

constexpr std::string_view kMagic = "POISEREC";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kLastInstant = std::uint64_t{1}
                                       << 62;  // 146 years: room for any timeout after it

void put_u64(std::vector<std::uint8_t>& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

template <class Bytes>
void put_bytes(std::vector<std::uint8_t>& out, const Bytes& bytes) {
  put_varint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

RecordWriter::RecordWriter(Sink sink, RecordedMachine machine, std::uint64_t configuration)
    : sink_(std::move(sink)) {
  buffer_.assign(kMagic.begin(), kMagic.end());
  buffer_.push_back(kVersion);
  buffer_.push_back(static_cast<std::uint8_t>(machine));
  put_u64(buffer_, configuration);
  sink_(buffer_);
}

void RecordWriter::write(const Event& event) {
  buffer_.clear();
  buffer_.push_back(static_cast<std::uint8_t>(event.kind));
  if (event.kind == EventKind::outcome || event.kind == EventKind::end) {
    put_u64(buffer_, event.hash);
    return sink_(buffer_);
  }
  POISE_CHECK(event.now >= last_);
  put_varint(buffer_, static_cast<std::uint64_t>((event.now - last_).count()));
  last_ = event.now;
  switch (event.kind) {
    case EventKind::packet:
    case EventKind::egress:
      put_bytes(buffer_, event.bytes);
      break;
    case EventKind::peer:
      put_varint(buffer_, event.peer);
      buffer_.push_back(event.peer_event == PeerEvent::up);
      break;
    case EventKind::message:
      put_varint(buffer_, event.peer);
      put_bytes(buffer_, event.bytes);
      break;
    case EventKind::command:
      buffer_.push_back(static_cast<std::uint8_t>(event.command));
      put_bytes(buffer_, event.bytes);
      break;
    case EventKind::timer:
    case EventKind::start:
    case EventKind::outcome:
    case EventKind::end:
      break;
  }
  sink_(buffer_);
}

RecordReader::RecordReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
  std::uint8_t version = 0, machine = 0;
  const bool magic =
      bytes.size() >= kMagic.size() &&
      std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                 [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  offset_ = magic ? kMagic.size() : 0;
  if (!magic || !read_u8(version) || !read_u8(machine) || !read_u64(configuration_))
    error_ = "not a record";
  else if (version != kVersion)
    error_ = "record of version " + std::to_string(version) + "; this reads version 1";
  else if (machine != 1 && machine != 2)
    error_ = "record of an unknown machine";
  machine_ = static_cast<RecordedMachine>(machine);
}

std::optional<Event> RecordReader::fail(const std::string& what) {
  error_ = what + " at byte " + std::to_string(offset_);
  return std::nullopt;
}

std::optional<Event> RecordReader::next() {
  if (!error_.empty() || offset_ == bytes_.size()) return std::nullopt;
  Event event;
  std::uint8_t kind = 0;
  if (!read_u8(kind)) return fail("cut short");
  event.kind = static_cast<EventKind>(kind);
  if (event.kind == EventKind::outcome || event.kind == EventKind::end) {
    if (!read_u64(event.hash)) return fail("cut short");
    event.now = last_;
    return event;
  }
  if (kind < 1 || kind > 7) return fail("unknown event");
  std::uint64_t delta = 0;
  if (!read_varint(delta)) return fail("bad time");
  if (delta > kLastInstant - static_cast<std::uint64_t>(to_ns(last_))) return fail("bad time");
  last_ += Duration(static_cast<std::int64_t>(delta));
  event.now = last_;
  if (!read_payload(event)) return fail("bad event");
  return event;
}

bool RecordReader::read_payload(Event& event) {
  std::uint64_t peer = 0;
  std::uint8_t small = 0;
  switch (event.kind) {
    case EventKind::packet:
    case EventKind::egress:
      return read_bytes(event.bytes) && event.bytes.size() <= kPacketMemory - kHeadroom;
    case EventKind::peer:
      if (!read_varint(peer) || !read_u8(small) || small > 1) return false;
      event.peer = static_cast<PeerId>(peer);
      event.peer_event = small ? PeerEvent::up : PeerEvent::down;
      return true;
    case EventKind::message:
      if (!read_varint(peer) || !read_bytes(event.bytes)) return false;
      event.peer = static_cast<PeerId>(peer);
      return true;
    case EventKind::command:
      if (!read_u8(small) || small > 3 || !read_bytes(event.bytes)) return false;
      event.command = static_cast<Command::Kind>(small);
      return true;
    case EventKind::timer:
    case EventKind::start:
    case EventKind::outcome:
    case EventKind::end:
      return true;
  }
  return false;
}

bool RecordReader::read_u8(std::uint8_t& value) {
  if (offset_ >= bytes_.size()) return false;
  value = bytes_[offset_++];
  return true;
}

bool RecordReader::read_u64(std::uint64_t& value) {
  if (bytes_.size() - offset_ < 8) return false;
  value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | bytes_[offset_ + i];
  offset_ += 8;
  return true;
}

bool RecordReader::read_varint(std::uint64_t& value) {
  value = 0;
  std::uint8_t byte = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    if (!read_u8(byte)) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool RecordReader::read_bytes(std::span<const std::uint8_t>& value) {
  std::uint64_t size = 0;
  if (!read_varint(size) || size > bytes_.size() - offset_) return false;
  value = bytes_.subspan(offset_, size);
  offset_ += size;
  return true;
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
