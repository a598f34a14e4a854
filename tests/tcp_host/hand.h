// One replica; the other one and the witness are whoever writes the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/tcp/host/host.h"
#include "model/tcp/replication/stream.h"
#include "tests/tcp_host/transfer.h"

namespace poise::tcp::testing {

class Hand : public ::testing::Test {
 protected:
  struct Replica {
    Role role = Role::standby;  // as it is configured
    std::uint32_t index = 1;
    bool opens = true;
    bool witness = true;
  };

  void begin(const Replica& replica) {
    HostConfig config = replicated_world({}).server;
    config.replication.role = replica.role;
    config.replication.index = replica.index;
    config.replication.opens = replica.opens;
    config.replication.witness = replica.witness;
    host_ = std::make_unique<Host>(std::move(config));
    host_->start(now_);
    drain();
  }

  void hears(PeerId peer, const StreamMessage& message) {
    std::string bytes;
    write_message(bytes, message);
    hears_bytes(peer, bytes);
  }
  void hears_bytes(PeerId peer, const std::string& bytes) {
    host_->on_message(now_, peer,
                      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    drain();
  }
  // From the client of a connection.
  void receives(const FlowKey& key, const Segment& segment) {
    std::vector<std::uint8_t> memory(2048);
    Envelope envelope{key};
    std::swap(envelope.key.source, envelope.key.destination);
    std::swap(envelope.key.source_port, envelope.key.destination_port);
    const std::size_t size = write_segment(std::span(memory).subspan(kHeadroom), envelope, segment);
    Packet packet(memory, kHeadroom, size);
    (void)host_->on_packet(now_, packet);
    drain();
  }
  static SipKey secret() { return replicated_world({}).server.secret; }
  void hears_of(PeerId peer, PeerEvent event) {
    host_->on_peer(now_, peer, event);
    drain();
  }
  void wait(Duration duration) {
    for (const Instant until = now_ + duration; now_ < until;) {
      now_ = std::min(until, std::max(now_, host_->next_deadline()));
      host_->on_timer(now_);
      drain();
    }
  }

  // A connection as a record of a snapshot has it.
  static Record connection(Slot slot) {
    Record record;
    record.slot = slot;
    Agreement& agreement = record.opened.emplace();
    agreement.key.source = kAlice.address;
    agreement.key.source_port = static_cast<std::uint16_t>(5000 + slot);
    agreement.key.destination = kVip.address;
    agreement.key.destination_port = kVip.port;
    agreement.key.protocol = wire::protocol::kTcp;
    record.state = State::established;
    record.written = record.acknowledged = record.received = record.consumed = 0;
    record.edge = 65536;
    record.peer_window = 65535;
    return record;
  }
  // It becomes the standby of replica 1 - index, which is active in epoch 2 and protected, and
  // has one connection.
  void stand_by(const Replica& replica) {
    begin(replica);
    const std::uint32_t other = 1 - replica.index;
    if (replica.witness) {
      hears_of(kWitnessPeer, PeerEvent::up);
      hears(kWitnessPeer, Ruling{2, other, false, false, 0});
    }
    hears_of(kReplicaPeer, PeerEvent::up);
    hears(kReplicaPeer, Hello{1, 2, 0, true, other});
    hears(kReplicaPeer, SnapshotBegin{2, 1, 64});
    hears(kReplicaPeer, Batch{2, 1, {connection(0)}});
    hears(kReplicaPeer, SnapshotEnd{2, 1});
    beat(2, false);
    ASSERT_EQ(take<Acknowledgment>(kReplicaPeer).back().lsn, 1u);
  }
  void beat(std::uint64_t epoch, bool alone) {
    hears(kReplicaPeer,
          Heartbeat{epoch, static_cast<std::uint64_t>(to_ns(now_)), 1000, 1, false, alone});
  }

  // Its active falls silent, and it asks the witness for epoch 3.
  Claim claim_takeover() {
    hears_of(kReplicaPeer, PeerEvent::down);
    wait(std::chrono::milliseconds{20});
    const std::vector<Claim> claims = take<Claim>(kWitnessPeer);
    EXPECT_EQ(claims.size(), 1u);
    return claims.empty() ? Claim{} : claims[0];
  }
  void answer(const Claim& claim, bool granted) {
    hears(kWitnessPeer, Ruling{claim.epoch, granted ? claim.replica : 1 - claim.replica,
                               claim.alone, granted, claim.sent_ns});
  }

  // All of a kind that it said to a peer, once.
  template <class T>
  std::vector<T> take(PeerId peer) {
    std::vector<T> found;
    std::erase_if(said_, [&](const auto& said) {
      const T* message = said.first == peer ? std::get_if<T>(&said.second) : nullptr;
      if (message) found.push_back(*message);
      return message != nullptr;
    });
    return found;
  }
  int opened(PeerId peer) { return std::exchange(opened_[peer], 0); }
  int closed(PeerId peer) { return std::exchange(closed_[peer], 0); }

  Instant now_ = instant_from_ns(1'000'000'000);
  std::unique_ptr<Host> host_;

 private:
  void drain() {
    while (host_->next_transmit()) {
    }
    while (const auto message = host_->next_message()) {
      if (message->kind == Message::Kind::open) ++opened_[message->peer];
      if (message->kind == Message::Kind::close) ++closed_[message->peer];
      MessageReader reader;
      reader.feed(
          {reinterpret_cast<const std::uint8_t*>(message->bytes.data()), message->bytes.size()});
      while (auto said = reader.next()) {
        if (auto* batch = std::get_if<Batch>(&*said)) batch->records.clear();  // of bytes that go
        said_.emplace_back(message->peer, std::move(*said));
      }
    }
    while (host_->next_notice()) {
    }
  }

  std::vector<std::pair<PeerId, StreamMessage>> said_;
  std::map<PeerId, int> opened_, closed_;
};

}  // namespace poise::tcp::testing
