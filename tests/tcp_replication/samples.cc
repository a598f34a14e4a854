// Seeded messages, and what it means that two are the same.
#include "tests/tcp_replication/samples.h"

#include <algorithm>
#include <tuple>

namespace poise::tcp {

std::span<const std::uint8_t> Samples::bytes(std::size_t size_max) {
  std::vector<std::uint8_t>& bytes = memory_.emplace_back(rng_.below(size_max + 1));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng_.next());
  return bytes;
}

Extent Samples::extent() {
  return {number() >> 1, bytes(40)};
}

// Mostly one that ends there: the form that is written shortly.
Extent Samples::extent_to(const std::optional<std::uint64_t>& end) {
  Extent extent = this->extent();
  if (end && *end >= extent.bytes.size() && chance()) extent.offset = *end - extent.bytes.size();
  return extent;
}

Address Samples::address(bool v4) {
  if (v4) return Address::v4(static_cast<std::uint32_t>(number()));
  std::array<std::uint8_t, 16> bytes;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(number());
  return Address::v6(bytes);
}

Agreement Samples::agreement() {
  Agreement agreement;
  FlowKey& key = agreement.key;
  const bool v4 = chance();
  key.source = address(v4);
  key.destination = address(v4);
  key.source_port = static_cast<std::uint16_t>(number());
  key.destination_port = static_cast<std::uint16_t>(number());
  key.protocol = wire::protocol::kTcp;
  Handshake& handshake = agreement.handshake;
  handshake.irs = static_cast<Seq>(number());
  handshake.iss = static_cast<Seq>(number());
  handshake.mss = static_cast<std::uint16_t>(number());
  if (chance()) handshake.window_scale = static_cast<std::uint8_t>(rng_.below(15));
  handshake.sack_permitted = chance();
  handshake.timestamps = chance();
  handshake.ecn = chance();
  agreement.timestamp_offset = static_cast<std::uint32_t>(number());
  return agreement;
}

Record Samples::record() {
  Record record;
  record.slot = static_cast<Slot>(number());
  if (chance()) record.opened = agreement();
  record.gone = chance();
  if (chance()) record.state = static_cast<State>(rng_.below(10));
  record.acknowledged = maybe();
  record.written = maybe();
  if (chance()) record.closed = chance();
  record.received = maybe();
  record.consumed = maybe();
  record.edge = maybe();
  record.fin_at = maybe();
  record.timestamp_recent = maybe<std::uint32_t>();
  record.peer_window = maybe();
  record.srtt_us = maybe<std::uint32_t>();
  if (chance()) record.blob = bytes(kBlobMax);
  if (chance()) record.sent = extent_to(record.written);
  if (chance())
    record.arrived_count = static_cast<std::uint8_t>(rng_.below(Record::kExtentsMax + 1));
  for (std::size_t i = 0; i < record.arrived_count; ++i)
    record.arrived[i] = extent_to(record.received);
  return record;
}

Batch Samples::batch(std::size_t record_count) {
  Batch batch{.epoch = number(), .first = number()};
  for (std::size_t i = 0; i < record_count; ++i) batch.records.push_back(record());
  return batch;
}

StreamMessage Samples::message() {
  const auto narrow = [this] { return static_cast<std::uint32_t>(number()); };
  switch (rng_.below(std::variant_size_v<StreamMessage>)) {
    case 0:
      return Hello{narrow(), number(), number(), chance(), narrow()};
    case 1:
      return SnapshotBegin{number(), number(), narrow()};
    case 2:
      return SnapshotEnd{number(), number()};
    case 3:
      return batch(rng_.below(5));
    case 4:
      return Acknowledgment{number(), number()};
    case 5:
      return Heartbeat{number(), number(), narrow(), number(), chance(), chance()};
    case 6:
      return Handover{number(), number()};
    case 7:
      return Claim{number(), narrow(), chance(), chance(), number()};
    default:
      return Ruling{number(), narrow(), chance(), chance(), number()};
  }
}

bool same(const Extent& a, const Extent& b) {
  return a.offset == b.offset && std::ranges::equal(a.bytes, b.bytes);
}

bool same(const Record& a, const Record& b) {
  const auto plain = [](const Record& r) {
    return std::tie(r.slot, r.opened, r.gone, r.state, r.acknowledged, r.written, r.closed,
                    r.received, r.consumed, r.edge, r.fin_at, r.timestamp_recent, r.peer_window,
                    r.srtt_us, r.arrived_count);
  };
  if (plain(a) != plain(b)) return false;
  if (a.blob.has_value() != b.blob.has_value() || a.sent.has_value() != b.sent.has_value())
    return false;
  if (a.blob && !std::ranges::equal(*a.blob, *b.blob)) return false;
  if (a.sent && !same(*a.sent, *b.sent)) return false;
  for (std::size_t i = 0; i < a.arrived_count; ++i)
    if (!same(a.arrived[i], b.arrived[i])) return false;
  return true;
}

namespace {

bool same_body(const Batch& a, const Batch& b) {
  return a.epoch == b.epoch && a.first == b.first &&
         std::ranges::equal(a.records, b.records,
                            [](const Record& x, const Record& y) { return same(x, y); });
}
bool same_body(const Hello& a, const Hello& b) {
  return std::tie(a.version, a.epoch, a.logged, a.active, a.replica) ==
         std::tie(b.version, b.epoch, b.logged, b.active, b.replica);
}
bool same_body(const SnapshotBegin& a, const SnapshotBegin& b) {
  return std::tie(a.epoch, a.lsn, a.connection_count_max) ==
         std::tie(b.epoch, b.lsn, b.connection_count_max);
}
template <class T>
bool same_body(const T& a, const T& b) {
  return std::tie(a.epoch, a.lsn) == std::tie(b.epoch, b.lsn);
}
bool same_body(const Heartbeat& a, const Heartbeat& b) {
  return std::tie(a.epoch, a.sent_ns, a.timestamp_clock, a.lease_ns, a.answer, a.alone) ==
         std::tie(b.epoch, b.sent_ns, b.timestamp_clock, b.lease_ns, b.answer, b.alone);
}
bool same_body(const Claim& a, const Claim& b) {
  return std::tie(a.epoch, a.replica, a.takeover, a.alone, a.sent_ns) ==
         std::tie(b.epoch, b.replica, b.takeover, b.alone, b.sent_ns);
}
bool same_body(const Ruling& a, const Ruling& b) {
  return std::tie(a.epoch, a.holder, a.alone, a.granted, a.claim_ns) ==
         std::tie(b.epoch, b.holder, b.alone, b.granted, b.claim_ns);
}

}  // namespace

bool same(const StreamMessage& a, const StreamMessage& b) {
  if (a.index() != b.index()) return false;
  return std::visit([&b]<class T>(const T& body) { return same_body(body, std::get<T>(b)); }, a);
}

}  // namespace poise::tcp
