// The stream is Protocol Buffers: their own library reads what we write, and we what it writes.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/tcp_replication/protobuf_values.h"
#include "tests/tcp_replication/samples.h"

namespace poise::tcp {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string delimited(const replication::StreamMessage& message) {
  std::string out;
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::util::SerializeDelimitedToZeroCopyStream(message, &stream);
  return out;
}

std::optional<replication::StreamMessage> parse_delimited(const std::string& bytes) {
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  replication::StreamMessage message;
  bool clean_end = false;
  if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&message, &stream, &clean_end))
    return std::nullopt;
  return message;
}

std::optional<StreamMessage> ours(MessageReader& reader, const std::string& bytes) {
  reader.feed(bytes_of(bytes));
  return reader.next();
}

TEST(ProtocolBuffers, ReadWhatWeWriteAndWouldWriteTheSame) {
  Samples samples(11);
  for (int i = 0; i < 5000; ++i) {
    const StreamMessage message = samples.message();
    std::string bytes;
    write_message(bytes, message);
    const auto parsed = parse_delimited(bytes);
    ASSERT_TRUE(parsed);
    const auto value = value_of(*parsed);
    ASSERT_TRUE(value && same(*value, message)) << parsed->DebugString();
    ASSERT_EQ(delimited(*parsed), bytes) << parsed->DebugString();
  }
}

// Whatever of it we accept means to us what it means to them: any bytes near a message.
TEST(ProtocolBuffers, AgreeWithUsAboutAlteredMessages) {
  Samples samples(12);
  Rng rng(13);
  int accepted = 0, refused = 0;
  for (int i = 0; i < 40000; ++i) {
    std::string bytes;
    write_message(bytes, samples.message());
    const std::size_t head = static_cast<unsigned char>(bytes[0]) < 0x80 ? 1 : 2;
    for (std::uint64_t count = rng.below(4); count > 0 && bytes.size() > head; --count) {
      const std::size_t at = head + rng.below(bytes.size() - head);
      bytes[at] = static_cast<char>(rng.below(4) == 0 ? rng.next() : bytes[at] ^ 1);
    }
    MessageReader reader;
    const auto read = ours(reader, bytes);
    const auto parsed = parse_delimited(bytes);
    if (!read) {
      ++refused;
      continue;
    }
    ++accepted;
    ASSERT_TRUE(parsed) << "message " << i;
    const auto value = value_of(*parsed);
    ASSERT_TRUE(value && same(*value, *read)) << "message " << i << "\n" << parsed->DebugString();
  }
  EXPECT_GT(accepted, 5000);
  EXPECT_GT(refused, 1000);
}

// Fields in another order, unknown ones among them: as another writer may have it.
TEST(ProtocolBuffers, WritersOfAnotherOrderAreUnderstood) {
  replication::StreamMessage message;
  auto& record = *message.mutable_batch()->add_records();
  record.set_written(100);
  record.set_unacknowledged(30);
  record.set_received(50);
  record.set_arrived_tail("tail");
  record.add_arrived()->set_offset(70);
  record.mutable_arrived(0)->set_bytes("later");
  const auto value = value_of(message);
  // The record backwards: arrived, arrived_tail, unacknowledged, written, received, and field 99.
  using namespace std::string_literals;
  const std::string backwards =
      "\xaa\x01\x09\x08\x46\x12\x05later\x7a\x04tail\x30\x1e\x28\x64"s + "\x10\x32\x98\x06\x01"s;
  const std::string batch = "\x1a"s + static_cast<char>(backwards.size()) + backwards;
  const std::string body = "\x22"s + static_cast<char>(batch.size()) + batch;
  MessageReader reader;
  const std::string frame = static_cast<char>(body.size()) + body;
  const auto read = ours(reader, frame);
  ASSERT_TRUE(read);
  const Record& a = std::get<Batch>(*read).records[0];
  const Record& b = std::get<Batch>(*value).records[0];
  EXPECT_EQ(a.acknowledged, 70u);
  EXPECT_EQ(a.acknowledged, b.acknowledged);
  EXPECT_TRUE(same(a.arrived[0], b.arrived[1]));
  EXPECT_TRUE(same(a.arrived[1], b.arrived[0]));
  EXPECT_EQ(a.arrived[1].offset, 46u);
}

TEST(ProtocolBuffers, EveryFieldOfTheSchemaIsTried) {
  Samples samples(14);
  std::set<std::string> seen;
  const auto note = [&seen](const google::protobuf::Message& message, const auto& self) -> void {
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const auto* field : fields) {
      seen.insert(field->full_name());
      if (field->message_type() == nullptr) continue;
      if (field->is_repeated())
        for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i)
          self(message.GetReflection()->GetRepeatedMessage(message, field, i), self);
      else
        self(message.GetReflection()->GetMessage(message, field), self);
    }
  };
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    write_message(bytes, samples.message());
    note(*parse_delimited(bytes), note);
  }
  const auto* file = replication::StreamMessage::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i)
    for (int j = 0; j < file->message_type(i)->field_count(); ++j)
      EXPECT_TRUE(seen.contains(file->message_type(i)->field(j)->full_name()))
          << file->message_type(i)->field(j)->full_name();
}

}  // namespace
}  // namespace poise::tcp
