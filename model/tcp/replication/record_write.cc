// A record to bytes: its small fields put together first, so that its length is known.
#include "model/tcp/replication/protobuf.h"
#include "model/tcp/replication/record_code.h"

namespace poise::tcp {
namespace {

using protobuf::Bytes;
using protobuf::FieldWriter;
using protobuf::tag_of;
using protobuf::WireType;

std::span<const Extent> arrived(const Record& record) {
  return std::span(record.arrived).first(record.arrived_count);
}

bool ends_at(const Extent& extent, const std::optional<std::uint64_t>& end) {
  return end && extent.bytes.size() <= *end && extent.offset == *end - extent.bytes.size();
}

void write_address(FieldWriter& out, std::uint32_t number, const Address& address) {
  const Bytes bytes = address.bytes();
  out.bytes(number, address.is_v4() ? bytes.last(4) : bytes);
}

FieldWriter fields_of(const Agreement& agreement) {
  const Handshake& handshake = agreement.handshake;
  FieldWriter out;
  write_address(out, 1, agreement.key.source);
  out.number(2, agreement.key.source_port);
  write_address(out, 3, agreement.key.destination);
  out.number(4, agreement.key.destination_port);
  out.number32(5, handshake.irs);
  out.number32(6, handshake.iss);
  out.number(7, handshake.mss);
  out.optional(8, handshake.window_scale);
  out.number(9, handshake.sack_permitted);
  out.number(10, handshake.timestamps);
  out.number(11, handshake.ecn);
  out.number32(12, agreement.timestamp_offset);
  return out;
}

// `value` as its distance from `base` where it can be, which takes fewer bytes.
void write_up(FieldWriter& out, std::uint32_t number, const std::optional<std::uint64_t>& base,
              const std::optional<std::uint64_t>& value) {
  if (base && value && *value >= *base) out.varint(number, *value - *base);
}
void write_down(FieldWriter& out, std::uint32_t number, const std::optional<std::uint64_t>& base,
                const std::optional<std::uint64_t>& value) {
  if (base && value && *value <= *base) out.varint(number, *base - *value);
}

// Fields 1 to 12.
void write_numbers(FieldWriter& out, const Record& record) {
  out.number(1, record.slot);
  out.optional(2, record.received);
  write_down(out, 3, record.received, record.consumed);
  write_up(out, 4, record.received, record.edge);
  out.optional(5, record.written);
  write_down(out, 6, record.written, record.acknowledged);
  if (record.timestamp_recent) out.fixed32(7, *record.timestamp_recent);
  out.optional(8, record.peer_window);
  if (!record.received || record.consumed > record.received) out.optional(9, record.consumed);
  if (!record.received || record.edge < record.received) out.optional(10, record.edge);
  if (!record.written || record.acknowledged > record.written)
    out.optional(11, record.acknowledged);
  out.optional(12, record.closed);
}

// Fields 16 to 19.
void write_rare(FieldWriter& out, const Record& record) {
  if (record.opened) {
    out.bytes(16, fields_of(*record.opened).written());
  }
  out.number(17, record.gone);
  out.optional(18, record.state);
  out.optional(19, record.fin_at);
}

std::size_t field_size(std::uint32_t number, std::size_t size) {
  return protobuf::varint_size(tag_of(number, WireType::delimited)) + protobuf::varint_size(size) +
         size;
}
void append_field(Gathered& out, std::uint32_t number, Bytes bytes) {
  FieldWriter head;
  head.delimited(number, bytes.size());
  out.append(head.written());
  out.lend(bytes);
}

std::size_t size_of(const Extent& extent) {
  return (extent.offset != 0 ? 1 + protobuf::varint_size(extent.offset) : 0) +
         (extent.bytes.empty() ? 0 : field_size(2, extent.bytes.size()));
}
void append_extent(Gathered& out, std::uint32_t number, const Extent& extent) {
  FieldWriter head;
  head.delimited(number, size_of(extent));
  head.number(1, extent.offset);
  out.append(head.written());
  if (!extent.bytes.empty()) append_field(out, 2, extent.bytes);
}

}  // namespace

std::size_t size_bound(const Record& record) {
  std::size_t size = kRecordOverheadMax + (record.blob ? record.blob->size() : 0) +
                     (record.sent ? record.sent->bytes.size() : 0);
  for (const Extent& extent : arrived(record)) size += extent.bytes.size();
  return size;
}

void write_record(Gathered& out, std::uint32_t number, const Record& record) {
  const bool sent_tail = record.sent && ends_at(*record.sent, record.written);
  const bool sent = record.sent && !sent_tail;
  const bool arrived_tail =
      record.arrived_count > 0 && ends_at(record.arrived.front(), record.received);
  const std::span<const Extent> extents = arrived(record).subspan(arrived_tail ? 1 : 0);

  FieldWriter numbers, rare, last;
  write_numbers(numbers, record);
  write_rare(rare, record);
  last.optional(22, record.srtt_us);
  std::size_t size = numbers.size() + rare.size() + last.size();
  if (record.blob) size += field_size(13, record.blob->size());
  if (sent_tail) size += field_size(14, record.sent->bytes.size());
  if (arrived_tail) size += field_size(15, record.arrived.front().bytes.size());
  if (sent) size += field_size(20, size_of(*record.sent));
  for (const Extent& extent : extents) size += field_size(21, size_of(extent));

  FieldWriter head;
  head.delimited(number, size);
  out.append(head.written());
  out.append(numbers.written());
  if (record.blob) {
    FieldWriter blob;
    blob.delimited(13, record.blob->size());
    out.append(blob.written());
    out.append(*record.blob);
  }
  if (sent_tail) append_field(out, 14, record.sent->bytes);
  if (arrived_tail) append_field(out, 15, record.arrived.front().bytes);
  out.append(rare.written());
  if (sent) append_extent(out, 20, *record.sent);
  for (const Extent& extent : extents) append_extent(out, 21, extent);
  out.append(last.written());
}

}  // namespace poise::tcp
