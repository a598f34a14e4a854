// Bytes to a record: any bytes are a record, or are refused.
#include <limits>

#include "model/tcp/replication/protobuf.h"
#include "model/tcp/replication/record_code.h"

namespace poise::tcp {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::FieldReader;
using protobuf::tag_of;

constexpr std::uint32_t varint(std::uint32_t number) {
  return tag_of(number, protobuf::WireType::varint);
}
constexpr std::uint32_t fixed32(std::uint32_t number) {
  return tag_of(number, protobuf::WireType::fixed32);
}
constexpr std::uint32_t delimited(std::uint32_t number) {
  return tag_of(number, protobuf::WireType::delimited);
}

template <class T>
bool narrow(std::uint64_t value, T& into) {
  into = static_cast<T>(value);
  return value <= std::numeric_limits<T>::max();
}

// Four bytes, or sixteen that are not four in disguise: an address has one form.
bool read_address(Bytes bytes, Address& address) {
  if (bytes.size() == 4) {
    std::uint32_t word = 0;
    for (const std::uint8_t byte : bytes) word = word << 8 | byte;
    address = Address::v4(word);
    return true;
  }
  if (bytes.size() != 16) return false;
  std::array<std::uint8_t, 16> whole;
  std::memcpy(whole.data(), bytes.data(), whole.size());
  address = Address::v6(whole);
  return !address.is_v4();
}

bool read_agreement(Bytes bytes, Agreement& agreement) {
  FlowKey& key = agreement.key;
  Handshake& handshake = agreement.handshake;
  key.protocol = wire::protocol::kTcp;
  handshake.mss = 0;
  bool fits = true, source = false, destination = false;
  FieldReader fields(bytes);
  for (Field field; fits && fields.next(field);) {
    switch (field.tag) {
      case delimited(1):
        fits = source = read_address(field.bytes, key.source);
        break;
      case varint(2):
        fits = narrow(field.value, key.source_port);
        break;
      case delimited(3):
        fits = destination = read_address(field.bytes, key.destination);
        break;
      case varint(4):
        fits = narrow(field.value, key.destination_port);
        break;
      case fixed32(5):
        handshake.irs = static_cast<Seq>(field.value);
        break;
      case fixed32(6):
        handshake.iss = static_cast<Seq>(field.value);
        break;
      case varint(7):
        fits = narrow(field.value, handshake.mss);
        break;
      case varint(8):
        fits = narrow(field.value, handshake.window_scale.emplace()) && field.value <= 14;
        break;
      case varint(9):
        handshake.sack_permitted = field.value != 0;
        break;
      case varint(10):
        handshake.timestamps = field.value != 0;
        break;
      case varint(11):
        handshake.ecn = field.value != 0;
        break;
      case fixed32(12):
        agreement.timestamp_offset = static_cast<std::uint32_t>(field.value);
        break;
      default:
        break;  // of a later version
    }
  }
  const bool one_family = key.source.is_v4() == key.destination.is_v4();
  return fits && source && destination && one_family && !fields.failed();
}

// Offsets are of a stream: its end is one as well.
bool add_overflows(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b;
}

bool read_extent(Bytes bytes, Extent& extent) {
  FieldReader fields(bytes);
  for (Field field; fields.next(field);) {
    switch (field.tag) {
      case varint(1):
        extent.offset = field.value;
        break;
      case delimited(2):
        extent.bytes = field.bytes;
        break;
      default:
        break;
    }
  }
  return !fields.failed() && !add_overflows(extent.offset, extent.bytes.size());
}

// What is said relative to `received` and `written`, which may stand anywhere in a record.
struct Relative {
  std::optional<std::uint64_t> unread, window, unacknowledged;
  std::optional<Bytes> sent_tail;
  std::optional<std::size_t> arrived_tail;  // its index in `arrived`
};

bool read_arrived(Bytes bytes, bool tail, Record& record, Relative& relative) {
  if (record.arrived_count == Record::kExtentsMax || (tail && relative.arrived_tail)) return false;
  Extent& extent = record.arrived[record.arrived_count++];
  if (!tail) return read_extent(bytes, extent);
  extent.bytes = bytes;
  relative.arrived_tail = record.arrived_count - 1u;
  return true;
}

bool resolve_received(const Relative& relative, Record& record) {
  if (!relative.unread && !relative.window && !relative.arrived_tail) return true;
  if (!record.received) return false;
  const std::uint64_t received = *record.received;
  if (relative.unread) {
    if (*relative.unread > received) return false;
    record.consumed = received - *relative.unread;
  }
  if (relative.window) {
    if (add_overflows(received, *relative.window)) return false;
    record.edge = received + *relative.window;
  }
  if (relative.arrived_tail) {
    Extent& extent = record.arrived[*relative.arrived_tail];
    if (extent.bytes.size() > received) return false;
    extent.offset = received - extent.bytes.size();
  }
  return true;
}

bool resolve_written(const Relative& relative, Record& record) {
  if (!relative.unacknowledged && !relative.sent_tail) return true;
  if (!record.written) return false;
  const std::uint64_t written = *record.written;
  if (relative.unacknowledged) {
    if (*relative.unacknowledged > written) return false;
    record.acknowledged = written - *relative.unacknowledged;
  }
  if (relative.sent_tail) {
    if (relative.sent_tail->size() > written) return false;
    record.sent = Extent{written - relative.sent_tail->size(), *relative.sent_tail};
  }
  return true;
}

bool read_rare(const Field& field, Record& record) {
  switch (field.tag) {
    case delimited(16):
      return read_agreement(field.bytes, record.opened ? *record.opened : record.opened.emplace());
    case varint(17):
      record.gone = field.value != 0;
      return true;
    case varint(18):
      record.state = static_cast<State>(field.value);
      return field.value <= static_cast<std::uint64_t>(State::time_wait);
    case varint(19):
      record.fin_at = field.value;
      return true;
    case delimited(20):
      return read_extent(field.bytes, record.sent ? *record.sent : record.sent.emplace());
    case varint(22):
      record.srtt_us = static_cast<std::uint32_t>(field.value);
      return true;
    default:
      return true;  // of a later version
  }
}

bool read_field(const Field& field, Record& record, Relative& relative) {
  switch (field.tag) {
    case varint(1):
      record.slot = static_cast<Slot>(field.value);
      return true;
    case varint(2):
      record.received = field.value;
      return true;
    case varint(3):
      relative.unread = field.value;
      return true;
    case varint(4):
      relative.window = field.value;
      return true;
    case varint(5):
      record.written = field.value;
      return true;
    case varint(6):
      relative.unacknowledged = field.value;
      return true;
    case fixed32(7):
      record.timestamp_recent = static_cast<std::uint32_t>(field.value);
      return true;
    case varint(8):
      record.peer_window = field.value;
      return true;
    case varint(9):
      record.consumed = field.value;
      return true;
    case varint(10):
      record.edge = field.value;
      return true;
    case varint(11):
      record.acknowledged = field.value;
      return true;
    case varint(12):
      record.closed = field.value != 0;
      return true;
    case delimited(13):
      record.blob = field.bytes;
      return field.bytes.size() <= kBlobMax;
    case delimited(14):
      relative.sent_tail = field.bytes;
      return true;
    case delimited(15):
      return read_arrived(field.bytes, true, record, relative);
    case delimited(21):
      return read_arrived(field.bytes, false, record, relative);
    default:
      return read_rare(field, record);
  }
}

}  // namespace

bool read_record(std::span<const std::uint8_t> bytes, Record& record) {
  Relative relative;
  FieldReader fields(bytes);
  for (Field field; fields.next(field);)
    if (!read_field(field, record, relative)) return false;
  return !fields.failed() && resolve_received(relative, record) &&
         resolve_written(relative, record);
}

}  // namespace poise::tcp
