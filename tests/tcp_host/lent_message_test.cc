// A message that lies in a host's buffers says what was logged, whatever happens before it leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "model/tcp/host/host.h"
#include "model/tcp/replication/stream.h"
#include "tests/tcp_host/transfer.h"

namespace poise::tcp::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = 200'000;

// What is said on a connection, other bytes on each.
std::vector<std::uint8_t> speech(const FlowKey& key, std::uint64_t from, std::size_t size) {
  return bytes_at(from + std::uint64_t{key.source_port} * 1'000'003, size);
}

class Speaker final : public Application {
 public:
  void on_ready(Instant, Stream& stream) override {
    if (stream.written() == 0) (void)stream.write_at(0, speech(stream.key(), 0, kSize));
    (void)stream.commit(stream.received(), stream.written(), {});
  }
};

// A client, a server that is protected, and its standby.
struct Scene {
  Scene() {
    server_.start(now_);
    standby_.start(now_);
    server_.on_peer(now_, kReplicaPeer, PeerEvent::up);
    standby_.on_peer(now_, kReplicaPeer, PeerEvent::up);
    for (int i = 0; i < 100 && !server_.is_protected(); ++i) {
      now_ += 1ms;
      server_.on_timer(now_);
      standby_.on_timer(now_);
      replicate();
    }
    EXPECT_TRUE(server_.is_protected());
  }

  Slot connect() {
    const auto slot = client_.connect(now_, {kAlice.address, 0}, kVip, &listener_, {});
    carry(client_, server_);
    carry(server_, client_);
    carry(client_, server_);
    return *slot;
  }
  void carry(Host& from, Host& to) {
    while (auto packet = from.next_transmit()) (void)to.on_packet(now_, *packet);
  }
  void replicate() {
    (void)server_.next_transmit();
    pass(server_, standby_);
    pass(standby_, server_);
  }
  void pass(Host& from, Host& to) {
    while (const auto message = from.next_message()) tell(to, message->bytes);
  }
  void tell(Host& host, const std::string& bytes) {
    host.on_message(now_, kReplicaPeer,
                    {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  }

  static HostConfig server(Application& application, Role role) {
    HostConfig config;
    config.chunk_count = 64;
    config.secret = {1, 2};
    config.listeners = {{kVip, &application, {}}};
    config.replication.policy = CommitPolicy::output;
    config.replication.role = role;
    config.replication.index = role == Role::active ? 0 : 1;
    return config;
  }

  Instant now_ = instant_from_ns(1'000'000'000);
  Speaker speaker_, spare_;
  Client listener_{0};
  Host client_{HostConfig{}};
  Host server_{server(speaker_, Role::active)};
  Host standby_{server(spare_, Role::standby)};
};

// What of a connection's speech the records of `bytes` bring; nullopt when one brings other bytes.
std::optional<std::uint64_t> true_bytes(const std::string& bytes, const FlowKey& key, Slot slot) {
  MessageReader reader;
  reader.feed({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  std::uint64_t count = 0;
  while (const auto message = reader.next()) {
    const Batch* batch = std::get_if<Batch>(&*message);
    for (const Record& record : batch ? batch->records : std::vector<Record>{}) {
      if (!record.sent || record.slot != slot) continue;
      const auto expected = speech(key, record.sent->offset, record.sent->bytes.size());
      if (!std::ranges::equal(expected, record.sent->bytes)) return std::nullopt;
      count += record.sent->bytes.size();
    }
  }
  return count;
}

TEST(LentMessage, SaysWhatWasLoggedThoughItsConnectionDiedAndAnotherHasItsChunks) {
  Scene scene;
  Host& server = scene.server_;
  const Slot mine = scene.connect();
  const std::vector<Slot> slots = server.slots();
  ASSERT_EQ(slots.size(), 1u);
  const FlowKey key = server.stream(slots[0])->key();
  (void)server.next_transmit();  // logs all of the speech

  scene.client_.stream(mine)->abort();
  scene.client_.touch(scene.now_, mine);
  scene.carry(scene.client_, server);
  scene.carry(server, scene.client_);
  ASSERT_TRUE(server.slots().empty());
  (void)scene.connect();  // takes the chunks, if it may

  std::string bytes;
  int lent = 0;
  while (const auto message = server.lend_message()) {
    message->bytes.append_to(bytes);
    lent += message->bytes.has_lent();
  }
  EXPECT_GT(lent, 0);
  EXPECT_EQ(true_bytes(bytes, key, slots[0]), kSize);
  scene.tell(scene.standby_, bytes);  // and it is a log that a standby can follow
  scene.pass(scene.standby_, server);
  EXPECT_EQ(server.committed(), server.logged());
}

TEST(LentMessage, InOnePieceIsTheSame) {
  const auto said = [](bool lends) {
    Scene scene;
    (void)scene.connect();
    (void)scene.server_.next_transmit();
    std::string bytes;
    if (!lends)
      while (const auto message = scene.server_.next_message()) bytes += message->bytes;
    while (const auto message = scene.server_.lend_message()) message->bytes.append_to(bytes);
    return bytes;
  };
  EXPECT_GT(said(true).size(), kSize);
  EXPECT_EQ(said(true), said(false));
}

}  // namespace
}  // namespace poise::tcp::testing
