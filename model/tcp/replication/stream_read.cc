// Bytes to messages: frames first, whole or joined from pieces, then their fields.
#include <algorithm>

#include "model/check.h"
#include "model/tcp/replication/protobuf.h"
#include "model/tcp/replication/record_code.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::FieldReader;
using protobuf::tag_of;
using protobuf::WireType;

constexpr std::size_t kFrameHeadMax = 3;  // a varint of 21 bits, more than kFrameMax

constexpr std::uint32_t varint(std::uint32_t number) {
  return tag_of(number, WireType::varint);
}

// Calls `take` with each field; unknown ones are for it to ignore, since a later version sent them.
template <class Take>
bool each_field(Bytes bytes, Take take) {
  FieldReader fields(bytes);
  for (Field field; fields.next(field);)
    if (!take(field)) return false;
  return !fields.failed();
}

template <class T>
bool set(const Field& field, std::uint32_t tag, T& into) {
  if (field.tag != tag) return false;
  if constexpr (std::is_same_v<T, bool>)
    into = field.value != 0;
  else
    into = static_cast<T>(field.value);
  return true;
}

bool read_body(Bytes bytes, Hello& hello) {
  hello.version = 0;
  return each_field(bytes, [&](const Field& field) {
    return set(field, varint(1), hello.version) || set(field, varint(2), hello.epoch) ||
           set(field, varint(3), hello.logged) || set(field, varint(4), hello.active) ||
           set(field, varint(5), hello.replica) || true;
  });
}

bool read_body(Bytes bytes, SnapshotBegin& snapshot) {
  return each_field(bytes, [&](const Field& field) {
    return set(field, varint(1), snapshot.epoch) || set(field, varint(2), snapshot.lsn) ||
           set(field, varint(3), snapshot.connection_count_max) || true;
  });
}

// SnapshotEnd, Acknowledgment, Handover.
template <class T>
bool read_body(Bytes bytes, T& place) {
  return each_field(bytes, [&](const Field& field) {
    return set(field, varint(1), place.epoch) || set(field, varint(2), place.lsn) || true;
  });
}

bool read_body(Bytes bytes, Batch& batch) {
  return each_field(bytes, [&](const Field& field) {
    if (field.tag == tag_of(3, WireType::delimited))
      return read_record(field.bytes, batch.records.emplace_back());
    return set(field, varint(1), batch.epoch) || set(field, varint(2), batch.first) || true;
  });
}

bool read_body(Bytes bytes, Heartbeat& heartbeat) {
  return each_field(bytes, [&](const Field& field) {
    return set(field, varint(1), heartbeat.epoch) || set(field, varint(2), heartbeat.sent_ns) ||
           set(field, tag_of(3, WireType::fixed32), heartbeat.timestamp_clock) ||
           set(field, varint(4), heartbeat.lease_ns) || set(field, varint(5), heartbeat.answer) ||
           set(field, varint(6), heartbeat.alone) || true;
  });
}

bool read_body(Bytes bytes, Claim& claim) {
  return each_field(bytes, [&](const Field& field) {
    return set(field, varint(1), claim.epoch) || set(field, varint(2), claim.replica) ||
           set(field, varint(3), claim.takeover) || set(field, varint(4), claim.alone) ||
           set(field, varint(5), claim.sent_ns) || true;
  });
}

bool read_body(Bytes bytes, Ruling& ruling) {
  ruling.holder = 0;
  return each_field(bytes, [&](const Field& field) {
    return set(field, varint(1), ruling.epoch) || set(field, varint(2), ruling.holder) ||
           set(field, varint(3), ruling.alone) || set(field, varint(4), ruling.granted) ||
           set(field, varint(5), ruling.claim_ns) || true;
  });
}

// Keeps the memory of a batch before.
template <class T>
T& empty(StreamMessage& message) {
  if constexpr (std::is_same_v<T, Batch>) {
    if (Batch* batch = std::get_if<Batch>(&message)) {
      batch->epoch = batch->first = 0;
      batch->records.clear();
      return *batch;
    }
  }
  return message.emplace<T>();
}

// The alternative that stands under `field` in StreamMessage: they are in the same order.
template <std::size_t I = 0>
bool read_alternative(const Field& field, StreamMessage& into) {
  if constexpr (I == std::variant_size_v<StreamMessage>) {
    return false;  // we would not know what to do
  } else {
    if (field.tag != tag_of(I + 1, WireType::delimited))
      return read_alternative<I + 1>(field, into);
    return read_body(field.bytes, empty<std::variant_alternative_t<I, StreamMessage>>(into));
  }
}

// Exactly one body.
bool read_message(Bytes bytes, StreamMessage& into) {
  FieldReader fields(bytes);
  Field body, more;
  return fields.next(body) && read_alternative(body, into) && !fields.next(more) &&
         !fields.failed();
}

}  // namespace

void MessageReader::feed(std::span<const std::uint8_t> bytes) {
  if (failed_) return;
  POISE_CHECK(input_.empty());
  input_ = bytes;
}

// The length that begins at `bytes`.
MessageReader::Frame MessageReader::frame_at(std::span<const std::uint8_t> bytes) {
  Frame frame;
  for (std::size_t i = 0; i < std::min(bytes.size(), kFrameHeadMax); ++i) {
    frame.size |= static_cast<std::size_t>(bytes[i] & 0x7f) << (7 * i);
    if (bytes[i] < 0x80) {
      frame.head = i + 1;
      failed_ = frame.size > kFrameMax;
      return frame;
    }
  }
  failed_ = bytes.size() >= kFrameHeadMax;
  return frame;
}

std::optional<std::span<const std::uint8_t>> MessageReader::next_frame() {
  if (!partial_.empty()) return next_joined_frame();
  const Frame frame = frame_at(input_);
  if (failed_) return std::nullopt;
  if (frame.head == 0 || input_.size() - frame.head < frame.size) {
    partial_.assign(input_.begin(), input_.end());
    input_ = {};
    return std::nullopt;
  }
  const Bytes content = input_.subspan(frame.head, frame.size);
  input_ = input_.subspan(frame.head + frame.size);
  return content;
}

std::optional<std::span<const std::uint8_t>> MessageReader::next_joined_frame() {
  const auto join = [this](std::size_t size) {
    const Bytes bytes = input_.first(std::min(size, input_.size()));
    partial_.insert(partial_.end(), bytes.begin(), bytes.end());
    input_ = input_.subspan(bytes.size());
  };
  Frame frame = frame_at(partial_);
  while (frame.head == 0 && !failed_ && !input_.empty()) {
    join(1);
    frame = frame_at(partial_);
  }
  if (failed_ || frame.head == 0) return std::nullopt;
  const std::size_t whole = frame.head + frame.size;
  join(whole - partial_.size());
  if (partial_.size() < whole) return std::nullopt;
  joined_.swap(partial_);
  partial_.clear();
  return Bytes(joined_).subspan(frame.head);
}

bool MessageReader::next(StreamMessage& into) {
  if (failed_) return false;
  const std::optional<Bytes> frame = next_frame();
  if (!frame) return false;
  failed_ = !read_message(*frame, into);
  return !failed_;
}

std::optional<StreamMessage> MessageReader::next() {
  std::optional<StreamMessage> message(std::in_place);
  if (!next(*message)) message.reset();
  return message;
}

void MessageReader::add_to(Digest& digest) const {
  digest.add(std::span<const std::uint8_t>(partial_)).add(failed_);
}

}  // namespace poise::tcp
