// Messages to bytes, each behind its length.
#include "model/check.h"
#include "model/tcp/replication/protobuf.h"
#include "model/tcp/replication/record_code.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {
namespace {

using protobuf::append;
using protobuf::FieldWriter;

constexpr std::uint32_t kBatch = 4;  // of StreamMessage's fields
constexpr std::uint32_t kRecords = 3;
// Length of the frame, tag and length of the batch, for frames of three bytes' length: what a
// batch leaves free before itself.
constexpr std::size_t kBatchHead = 3 + 1 + 3;

FieldWriter fields_of(const Hello& hello) {
  FieldWriter out;
  out.number(1, hello.version);
  out.number(2, hello.epoch);
  out.number(3, hello.logged);
  out.number(4, hello.active);
  out.number(5, hello.replica);
  return out;
}

FieldWriter fields_of(const SnapshotBegin& snapshot) {
  FieldWriter out;
  out.number(1, snapshot.epoch);
  out.number(2, snapshot.lsn);
  out.number(3, snapshot.connection_count_max);
  return out;
}

// SnapshotEnd, Acknowledgment, Handover.
template <class T>
FieldWriter fields_of(const T& place) {
  FieldWriter out;
  out.number(1, place.epoch);
  out.number(2, place.lsn);
  return out;
}

FieldWriter fields_of(const Heartbeat& heartbeat) {
  FieldWriter out;
  out.number(1, heartbeat.epoch);
  out.number(2, heartbeat.sent_ns);
  out.number32(3, heartbeat.timestamp_clock);
  out.number(4, heartbeat.lease_ns);
  out.number(5, heartbeat.answer);
  out.number(6, heartbeat.alone);
  return out;
}

FieldWriter fields_of(const Claim& claim) {
  FieldWriter out;
  out.number(1, claim.epoch);
  out.number(2, claim.replica);
  out.number(3, claim.takeover);
  out.number(4, claim.alone);
  out.number(5, claim.sent_ns);
  return out;
}

FieldWriter fields_of(const Ruling& ruling) {
  FieldWriter out;
  out.number(1, ruling.epoch);
  out.number(2, ruling.holder);
  out.number(3, ruling.alone);
  out.number(4, ruling.granted);
  out.number(5, ruling.claim_ns);
  return out;
}

void write_batch(Gathered& out, const Batch& batch) {
  std::size_t i = 0;
  do {
    BatchWriter writer(out, batch.epoch, batch.first + i);
    while (i < batch.records.size() && writer.add(batch.records[i])) ++i;
    writer.finish();
  } while (i < batch.records.size());
}

}  // namespace

void write_message(std::string& out, const StreamMessage& message) {
  if (const Batch* batch = std::get_if<Batch>(&message)) {
    Gathered gathered;
    write_batch(gathered, *batch);
    return gathered.append_to(out);
  }
  const auto number = static_cast<std::uint32_t>(message.index() + 1);
  const FieldWriter fields = std::visit(
      []<class T>(const T& body) {
        if constexpr (std::is_same_v<T, Batch>)
          return FieldWriter{};
        else
          return fields_of(body);
      },
      message);
  FieldWriter body;
  body.bytes(number, fields.written());
  std::uint8_t length[protobuf::kVarintMax];
  append(out, {length, protobuf::put_varint(length, body.size())});
  append(out, body.written());
}

BatchWriter::BatchWriter(Gathered& out, std::uint64_t epoch, Lsn first)
    : out_(out), begin_(out.size()), head_(out.leave_free(kBatchHead)) {
  FieldWriter fields;
  fields.number(1, epoch);
  fields.number(2, first);
  out.append(fields.written());
}

std::size_t BatchWriter::size() const {
  return out_.size() - begin_;
}

bool BatchWriter::add(const Record& record) {
  const std::size_t bound = size_bound(record);
  if (size() + bound > kFrameMax) {
    POISE_CHECK(bound <= kRecordBytesMax + kRecordOverheadMax);
    if (record_count_ > 0) return false;
  }
  write_record(out_, kRecords, record);
  ++record_count_;
  return true;
}

// A batch of less than 16 KiB has a shorter head, and moves down by a few bytes.
void BatchWriter::finish() {
  const std::size_t batch_size = size() - kBatchHead;
  const std::size_t frame_size = 1 + protobuf::varint_size(batch_size) + batch_size;
  FieldWriter head;
  head.delimited(kBatch, batch_size);
  std::uint8_t bytes[kBatchHead + protobuf::kVarintMax];
  std::uint8_t* end = protobuf::put_varint(bytes, frame_size);
  std::memcpy(end, head.written().data(), head.size());
  end += head.size();
  const auto head_size = static_cast<std::size_t>(end - bytes);
  POISE_CHECK(head_size <= kBatchHead && frame_size <= kFrameMax);
  out_.fill(head_, kBatchHead, {bytes, head_size});
}

}  // namespace poise::tcp
