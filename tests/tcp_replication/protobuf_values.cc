// Values from the generated classes, field by field, by the comments of the schema alone.
#include "tests/tcp_replication/protobuf_values.h"

#include <algorithm>

namespace poise::tcp {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// An IPv4 address stands as four bytes, never as the mapped sixteen.
std::optional<Address> address_of(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (text.size() != 4 && text.size() != 16) return std::nullopt;
  std::ranges::copy(bytes_of(text), bytes.end() - static_cast<std::ptrdiff_t>(text.size()));
  const Address address = Address::v6(bytes);
  return address.is_v4() == (text.size() == 4) ? std::optional(address) : std::nullopt;
}

std::optional<Agreement> value_of(const replication::Agreement& message) {
  const auto peer = address_of(message.peer_address());
  const auto local = address_of(message.local_address());
  if (!peer || !local ||
      std::max({message.peer_port(), message.local_port(), message.mss()}) > 65535)
    return std::nullopt;
  Agreement agreement;
  agreement.key = {.source = *peer,
                   .destination = *local,
                   .source_port = static_cast<std::uint16_t>(message.peer_port()),
                   .destination_port = static_cast<std::uint16_t>(message.local_port()),
                   .protocol = 6};
  Handshake& handshake = agreement.handshake;
  handshake.irs = message.irs();
  handshake.iss = message.iss();
  handshake.mss = static_cast<std::uint16_t>(message.mss());
  if (message.has_window_scale()) {
    if (message.window_scale() > 14) return std::nullopt;
    handshake.window_scale = static_cast<std::uint8_t>(message.window_scale());
  }
  handshake.sack_permitted = message.sack_permitted();
  handshake.timestamps = message.timestamps();
  handshake.ecn = message.ecn();
  agreement.timestamp_offset = message.timestamp_offset();
  return agreement;
}

std::optional<Extent> value_of(const replication::Extent& message) {
  const Extent extent{message.offset(), bytes_of(message.bytes())};
  if (extent.offset + extent.bytes.size() < extent.offset) return std::nullopt;
  return extent;
}

// The numbers, and what is said relative to them. False: a difference that cannot be.
bool read_numbers(const replication::Record& message, Record& record) {
  record.slot = message.slot();
  if (message.has_received()) record.received = message.received();
  if (message.has_written()) record.written = message.written();
  if (message.has_consumed()) record.consumed = message.consumed();
  if (message.has_edge()) record.edge = message.edge();
  if (message.has_acknowledged()) record.acknowledged = message.acknowledged();
  if (message.has_unread()) {
    if (!record.received || message.unread() > *record.received) return false;
    record.consumed = *record.received - message.unread();
  }
  if (message.has_window()) {
    if (!record.received || *record.received + message.window() < *record.received) return false;
    record.edge = *record.received + message.window();
  }
  if (message.has_unacknowledged()) {
    if (!record.written || message.unacknowledged() > *record.written) return false;
    record.acknowledged = *record.written - message.unacknowledged();
  }
  if (message.has_timestamp_recent()) record.timestamp_recent = message.timestamp_recent();
  if (message.has_peer_window()) record.peer_window = message.peer_window();
  if (message.has_srtt_us()) record.srtt_us = message.srtt_us();
  if (message.has_closed()) record.closed = message.closed();
  if (message.has_fin_at()) record.fin_at = message.fin_at();
  record.gone = message.gone();
  return true;
}

std::optional<Extent> tail(const std::string& bytes, const std::optional<std::uint64_t>& end) {
  if (!end || bytes.size() > *end) return std::nullopt;
  return Extent{*end - bytes.size(), bytes_of(bytes)};
}

bool read_extents(const replication::Record& message, Record& record) {
  if (message.has_sent() && !(record.sent = value_of(message.sent()))) return false;
  if (message.has_sent_tail() && !(record.sent = tail(message.sent_tail(), record.written)))
    return false;
  const auto count = static_cast<std::size_t>(message.arrived_size()) + message.has_arrived_tail();
  if (count > Record::kExtentsMax) return false;
  const auto add = [&record](const std::optional<Extent>& extent) {
    if (extent) record.arrived[record.arrived_count++] = *extent;
    return extent.has_value();
  };
  if (message.has_arrived_tail() && !add(tail(message.arrived_tail(), record.received)))
    return false;
  return std::ranges::all_of(message.arrived(),
                             [&](const auto& extent) { return add(value_of(extent)); });
}

bool read_record(const replication::Record& message, Record& record) {
  if (!read_numbers(message, record) || !read_extents(message, record)) return false;
  if (message.has_state()) {
    if (message.state() < 0 || message.state() > 9) return false;
    record.state = static_cast<State>(message.state());
  }
  if (message.has_blob()) {
    if (message.blob().size() > kBlobMax) return false;
    record.blob = bytes_of(message.blob());
  }
  return !message.has_opened() || (record.opened = value_of(message.opened()));
}

std::optional<StreamMessage> value_of(const replication::Batch& message) {
  Batch batch{.epoch = message.epoch(), .first = message.first()};
  for (const replication::Record& record : message.records())
    if (!read_record(record, batch.records.emplace_back())) return std::nullopt;
  return batch;
}

}  // namespace

std::optional<StreamMessage> value_of(const replication::StreamMessage& message) {
  using Body = replication::StreamMessage;
  switch (message.body_case()) {
    case Body::kHello: {
      const auto& m = message.hello();
      return Hello{m.version(), m.epoch(), m.logged(), m.active(), m.replica()};
    }
    case Body::kSnapshotBegin: {
      const auto& m = message.snapshot_begin();
      return SnapshotBegin{m.epoch(), m.lsn(), m.connection_count_max()};
    }
    case Body::kSnapshotEnd: {
      const auto& m = message.snapshot_end();
      return SnapshotEnd{m.epoch(), m.lsn()};
    }
    case Body::kBatch:
      return value_of(message.batch());
    case Body::kAcknowledgment: {
      const auto& m = message.acknowledgment();
      return Acknowledgment{m.epoch(), m.lsn()};
    }
    case Body::kHeartbeat: {
      const auto& m = message.heartbeat();
      return Heartbeat{m.epoch(),    m.sent_ns(), m.timestamp_clock(),
                       m.lease_ns(), m.answer(),  m.alone()};
    }
    case Body::kHandover: {
      const auto& m = message.handover();
      return Handover{m.epoch(), m.lsn()};
    }
    case Body::kClaim: {
      const auto& m = message.claim();
      return Claim{m.epoch(), m.replica(), m.takeover(), m.alone(), m.sent_ns()};
    }
    case Body::kRuling: {
      const auto& m = message.ruling();
      return Ruling{m.epoch(), m.holder(), m.alone(), m.granted(), m.claim_ns()};
    }
    case Body::BODY_NOT_SET:
      break;
  }
  return std::nullopt;
}

}  // namespace poise::tcp
