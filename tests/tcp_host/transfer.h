// A client that sends a known stream and expects a known one, and servers that echo or serve it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/random.h"
#include "model/tcp/application/application.h"
#include "tests/tcp_world/world.h"

namespace poise::tcp::testing {

inline std::uint8_t byte_at(std::uint64_t offset) {
  return static_cast<std::uint8_t>(mix64(offset >> 3) >> (offset & 7) * 8);
}

inline std::vector<std::uint8_t> bytes_at(std::uint64_t offset, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = byte_at(offset + i);
  return bytes;
}

// Sends back what it reads; closes when the peer has closed and all went back.
class EchoServer final : public Application {
 public:
  void on_ready(Instant, Stream& stream) override {
    std::vector<std::uint8_t> bytes(
        std::min<std::uint64_t>(stream.received() - stream.consumed(), stream.room()));
    const std::size_t size = stream.read_at(stream.consumed(), bytes);
    if (size > 0) {
      (void)stream.write_at(stream.written(), std::span(bytes).first(size));
      (void)stream.commit(stream.consumed() + size, stream.written(), {});
    }
    if (stream.peer_closed() && stream.consumed() == stream.received()) stream.close();
  }
};

// Sends the known stream, `size` bytes of it, then closes; ignores what comes.
class SourceServer final : public Application {
 public:
  explicit SourceServer(std::uint64_t size) : size_(size) {}
  void on_ready(Instant, Stream& stream) override {
    const std::uint64_t from = stream.written();
    const std::uint64_t room = std::min(stream.room(), size_ - from);
    if (room > 0) (void)stream.write_at(from, bytes_at(from, room));
    (void)stream.commit(stream.received(), stream.written(), {});
    if (stream.written() == size_) stream.close();
  }

 private:
  std::uint64_t size_;
};

// Sends `up` bytes of the known stream, then closes; checks that what comes is the known stream.
class Client final : public Application {
 public:
  explicit Client(std::uint64_t up) : up_(up) {}
  void on_ready(Instant, Stream& stream) override {
    std::vector<std::uint8_t> bytes(stream.received() - stream.consumed());
    const std::size_t size = stream.read_at(stream.consumed(), bytes);
    for (std::size_t i = 0; i < size; ++i)
      if (bytes[i] != byte_at(got_ + i)) wrong_ = true;
    got_ += size;
    const std::uint64_t from = stream.written();
    const std::uint64_t room = std::min(stream.room(), up_ - from);
    if (room > 0) (void)stream.write_at(from, bytes_at(from, room));
    (void)stream.commit(stream.consumed() + size, stream.written(), {});
    if (stream.written() == up_) stream.close();
    if (stream.peer_closed()) closed_ = true;
  }
  std::uint64_t got() const { return got_; }
  bool wrong() const { return wrong_; }
  bool closed() const { return closed_; }

 private:
  std::uint64_t up_, got_ = 0;
  bool wrong_ = false, closed_ = false;
};

inline const Endpoint kVip{Address::v4(0x0aff0001), 80};
inline const Endpoint kAlice{Address::v4(0x0a010001), 0};

inline WorldConfig plain_world(std::function<std::unique_ptr<Application>()> application) {
  WorldConfig config;
  config.client.name = "client";
  config.client.chunk_count = 512;
  config.client.connection_count_max = 64;
  config.client.secret = {1, 2};
  config.server = config.client;
  config.server.secret = {3, 4};
  config.server.listeners = {Listener{kVip, nullptr, {}}};
  config.application = std::move(application);
  return config;
}

inline WorldConfig replicated_world(std::function<std::unique_ptr<Application>()> application) {
  WorldConfig config = plain_world(std::move(application));
  config.server.replication.policy = CommitPolicy::output;
  config.server.replication.role = Role::active;
  config.server.replication.witness = true;
  return config;
}

}  // namespace poise::tcp::testing
