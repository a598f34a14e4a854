// The replication stream: what is written is read, however it is cut, and nothing else is.
#include "model/tcp/replication/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

#include "tests/tcp_replication/samples.h"

namespace poise::tcp {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string written(const StreamMessage& message) {
  std::string out;
  write_message(out, message);
  return out;
}

bool fails(const std::string& bytes) {
  MessageReader reader;
  reader.feed(bytes_of(bytes));
  while (reader.next()) {
  }
  return reader.failed();
}

TEST(ReplicationStream, AMessageReadIsTheMessageWritten) {
  Samples samples(1);
  for (int i = 0; i < 20000; ++i) {
    const StreamMessage message = samples.message();
    const std::string bytes = written(message);
    MessageReader reader;
    reader.feed(bytes_of(bytes));
    const std::optional<StreamMessage> read = reader.next();
    ASSERT_TRUE(read && same(message, *read)) << "message " << i;
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.failed());
  }
}

TEST(ReplicationStream, CutsOfTheStreamDoNotMatter) {
  Samples samples(2);
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<StreamMessage> messages;
    std::string bytes;
    for (int i = 0; i < 20; ++i) write_message(bytes, messages.emplace_back(samples.message()));
    MessageReader reader;
    std::size_t read = 0;
    const std::size_t cut_max = round < 5 ? 1 : 1 + rng.below(400);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min(bytes.size() - at, 1 + rng.below(cut_max));
      // Fed from a place of its own: what was fed before is gone.
      const std::string piece = bytes.substr(at, size);
      at += size;
      reader.feed(bytes_of(piece));
      StreamMessage message;
      for (; reader.next(message); ++read)
        ASSERT_TRUE(same(message, messages[read])) << "round " << round << ", message " << read;
    }
    EXPECT_EQ(read, messages.size());
    EXPECT_FALSE(reader.failed());
  }
}

TEST(ReplicationStream, SpansStayUntilTheNextFeed) {
  Samples samples(4);
  const Batch first = samples.batch(3), second = samples.batch(3), third = samples.batch(3);
  std::string bytes;
  for (const Batch* batch : {&first, &second, &third}) write_message(bytes, *batch);
  const std::string head = bytes.substr(0, 20);
  const std::string middle = bytes.substr(20, bytes.size() - 40);
  MessageReader reader;
  reader.feed(bytes_of(head));
  EXPECT_FALSE(reader.next());
  reader.feed(bytes_of(middle));
  const auto joined = reader.next(), whole = reader.next();
  EXPECT_FALSE(reader.next());  // the third has begun
  EXPECT_TRUE(same(first, *joined));
  EXPECT_TRUE(same(second, *whole));
}

TEST(ReplicationStream, ABatchWrittenRecordByRecordIsTheSameBatch) {
  Samples samples(5);
  for (std::size_t count : {0u, 1u, 2u, 30u, 300u}) {
    const Batch batch = samples.batch(count);
    Gathered gathered;
    BatchWriter writer(gathered, batch.epoch, batch.first);
    for (const Record& record : batch.records) ASSERT_TRUE(writer.add(record));
    EXPECT_EQ(writer.record_count(), count);
    writer.finish();
    std::string out = "before";
    gathered.append_to(out);
    EXPECT_EQ(out, "before" + written(batch));
    EXPECT_EQ(gathered.size(), written(batch).size());
  }
}

TEST(ReplicationStream, ABatchTooLongForAFrameGoesInSeveral) {
  const std::vector<std::uint8_t> payload(300000, 7);
  Batch batch{.epoch = 2, .first = 10};
  for (std::uint64_t i = 0; i < 10; ++i) {
    Record& record = batch.records.emplace_back();
    record.written = 300000 * (i + 1);
    record.sent = Extent{300000 * i, payload};
  }
  const std::string bytes = written(batch);
  MessageReader reader;
  reader.feed(bytes_of(bytes));
  Lsn next = batch.first;
  while (const auto message = reader.next()) {
    const Batch& part = std::get<Batch>(*message);
    EXPECT_EQ(part.epoch, 2u);
    EXPECT_EQ(part.first, next);
    for (const Record& record : part.records)
      EXPECT_TRUE(same(record, batch.records[next++ - batch.first]));
  }
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(next, batch.first + 10);
}

TEST(ReplicationStream, TheLargestRecordFitsIntoAFrame) {
  const std::vector<std::uint8_t> payload(kRecordBytesMax, 7);
  Samples samples(6);
  Batch batch;
  Record& record = batch.records.emplace_back();
  record.opened = samples.agreement();
  record.received = record.consumed = record.edge = record.written = record.acknowledged =
      record.fin_at = record.peer_window = ~std::uint64_t{0};
  record.srtt_us = ~std::uint32_t{0};
  record.sent = Extent{1, payload};
  batch.epoch = batch.first = ~std::uint64_t{0};
  EXPECT_FALSE(fails(written(batch)));
}

// The figure that keeps replication at 1.05 of what applications say.
TEST(ReplicationStream, ASegmentOfBulkDataCosts32BytesOnTopOfItself) {
  const std::vector<std::uint8_t> payload(1448, 7);
  const std::uint64_t far = (std::uint64_t{1} << 40) - 1;  // a terabyte into the stream
  Record arrived{.slot = 65535};
  arrived.received = far;
  arrived.consumed = far - 100000;
  arrived.edge = far + 1000000;
  arrived.timestamp_recent = 0xffffffff;
  arrived.arrived[0] = {far - payload.size(), payload};
  arrived.arrived_count = 1;
  Record sent{.slot = 65535};
  sent.written = far;
  sent.acknowledged = far - 1000000;
  sent.timestamp_recent = 0xffffffff;
  sent.peer_window = 1000000;
  sent.sent = Extent{far - payload.size(), payload};
  for (const Record& record : {arrived, sent}) {
    Batch batch{.epoch = 100, .first = far};
    const std::size_t empty = written(batch).size();
    for (int i = 0; i < 40; ++i) batch.records.push_back(record);
    EXPECT_LE(written(batch).size(), empty + 40 * (payload.size() + 32));
    EXPECT_LE(empty, 16u);
  }
}

// The lines of the room's README below "Worked example": bytes, then what they say.
TEST(ReplicationStream, TheWorkedExampleIsTrue) {
  std::ifstream readme(POISE_SOURCE "/model/tcp/replication/README.md");
  std::string bytes;
  bool example = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("#")) example = line == "### Worked example";
    if (!example || !line.starts_with("    ")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word && word.size() == 2 && std::isxdigit(word[0]) != 0;)
      bytes += static_cast<char>(std::stoi(word, nullptr, 16));
  }
  const std::string data = "data";
  Record record{.slot = 5};
  record.received = 104;
  record.consumed = 100;
  record.edge = 65636;
  record.timestamp_recent = 0x01020304;
  record.arrived[0] = {100, bytes_of(data)};
  record.arrived_count = 1;
  EXPECT_EQ(bytes, written(Batch{.epoch = 3, .first = 7, .records = {record}}));
}

TEST(ReplicationStream, TruncatedOrForgedBytesAreRefusedOrRead) {
  Samples samples(7);
  Rng rng(8);
  std::size_t refused = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string bytes = written(samples.message());
    for (std::uint64_t flips = 1 + rng.below(3); flips > 0; --flips)
      bytes[rng.below(bytes.size())] ^= static_cast<char>(1u << rng.below(8));
    refused += fails(bytes);
  }
  EXPECT_GT(refused, 1000u);
}

TEST(ReplicationStream, AFrameLongerThanTheBoundIsRefusedAtItsLength) {
  std::string at_bound, beyond;
  std::uint32_t length = kFrameMax;
  for (std::string* out : {&at_bound, &beyond}) {
    *out = {static_cast<char>(length | 0x80), static_cast<char>((length >> 7) | 0x80),
            static_cast<char>(length >> 14)};
    ++length;
  }
  EXPECT_FALSE(fails(at_bound));  // not yet: the rest may come
  EXPECT_TRUE(fails(beyond));
  EXPECT_TRUE(fails("\xff\xff\xff"));
}

TEST(ReplicationStream, NothingComesAfterAFailure) {
  const std::string good = written(Acknowledgment{1, 2});
  const std::string bad("\x01\x07", 2);
  MessageReader reader;
  const std::string both = good + bad + good;
  reader.feed(bytes_of(both));
  EXPECT_TRUE(reader.next());
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.failed());
  reader.feed(bytes_of(good));
  EXPECT_FALSE(reader.next());
}

TEST(ReplicationStream, WhatARecordCannotHoldIsRefused) {
  Samples samples(9);
  const auto framed = [](std::string record) {
    std::string batch{'\x1a', static_cast<char>(record.size())};
    batch += record;
    std::string body{'\x22', static_cast<char>(batch.size())};
    body += batch;
    return static_cast<char>(body.size()) + body;
  };
  using namespace std::string_literals;
  EXPECT_FALSE(fails(framed("\x08\x01"s)));             // slot 1
  EXPECT_TRUE(fails(framed("\x90\x01\x0a"s)));          // a state after TIME-WAIT
  EXPECT_FALSE(fails(framed("\x90\x01\x09"s)));         // TIME-WAIT
  EXPECT_TRUE(fails(framed("\x18\x01"s)));              // unread, of nothing received
  EXPECT_TRUE(fails(framed("\x10\x01\x18\x02"s)));      // more unread than received
  EXPECT_TRUE(fails(framed("\x10\x01\x7a\x02pp"s)));    // a tail longer than the stream
  EXPECT_TRUE(fails(framed("\x28\x01\x72\x02pp"s)));    // the same of what was written
  EXPECT_FALSE(fails(framed("\x28\x02\x72\x02pp"s)));   // all of it
  EXPECT_TRUE(fails(framed("\x82\x01\x02\x10\x50"s)));  // an agreement without addresses
  EXPECT_FALSE(fails(framed("\xf8\x07\x01"s)));         // a field of a later version
  const std::string v4 = "\x04" + std::string(4, 'a'), v6 = "\x10" + std::string(16, 'a');
  const auto between = [&](const std::string& client, const std::string& server) {
    const std::string agreement = "\x0a" + client + "\x1a" + server;
    return framed("\x82\x01" + std::string(1, static_cast<char>(agreement.size())) + agreement);
  };
  EXPECT_FALSE(fails(between(v4, v4)));
  EXPECT_FALSE(fails(between(v6, v6)));
  EXPECT_TRUE(fails(between(v4, v6)));  // no packet has two families
  EXPECT_TRUE(fails(between(v6, v4)));
  std::string extents;
  for (int i = 0; i < 8; ++i) extents += "\xaa\x01\x00"s;
  EXPECT_FALSE(fails(framed(extents)));
  EXPECT_TRUE(fails(framed(extents + "\xaa\x01\x00"s)));  // a ninth extent
}

}  // namespace
}  // namespace poise::tcp
