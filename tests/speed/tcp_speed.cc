// What failover TCP costs: a transfer between two hosts in one thread, alone and with its standby;
// a takeover of 100,000 connections; one connection written down and brought back.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "model/tcp/connection/connection.h"
#include "model/tcp/host/host.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {
namespace {

constexpr Address kVip = Address::v4(0x0aff0001), kClient = Address::v4(0x0a010001);
constexpr auto kStep = std::chrono::microseconds{10};

// Always has more to send; takes in what comes.
class Flood final : public Application {
 public:
  explicit Flood(bool sends) : sends_(sends) {}
  void on_ready(Instant, Stream& stream) override {
    std::uint64_t room = sends_ ? stream.room() : 0;
    while (room > 0) {
      const std::size_t size = std::min<std::uint64_t>(room, kBytes.size());
      (void)stream.write_at(stream.written(), std::span(kBytes).first(size));
      room -= size;
    }
    if (!sends_) {
      taken += stream.received() - stream.consumed();
      // The bytes are read, as an application would.
      for (std::uint64_t at = stream.consumed(); at < stream.received();)
        at += stream.read_at(at, into_);
    }
    (void)stream.commit(stream.received(), stream.written(), {});
  }
  std::uint64_t taken = 0;

 private:
  static inline const std::vector<std::uint8_t> kBytes = std::vector<std::uint8_t>(65536, 7);
  std::vector<std::uint8_t> into_ = std::vector<std::uint8_t>(65536);
  bool sends_;
};

ConnectionConfig bulk(std::uint32_t mtu) {
  ConnectionConfig config;
  config.mtu = mtu;
  config.send_buffer = config.receive_buffer = 1u << 20;
  return config;
}

HostConfig host_config(Application* application, std::uint32_t mtu) {
  HostConfig config;
  config.chunk_count = 512;
  config.connection_count_max = 16;
  config.secret = {1, 2};
  if (application) config.listeners = {{{kVip, 80}, application, bulk(mtu)}};
  return config;
}

enum class Standby { none, acknowledges, applies };

// Hands everything that the machines say to each other, without a wire.
class Loopback {
 public:
  Loopback(std::uint32_t mtu, Standby standby)
      : sender_(true),
        sink_(false),
        spare_(true),
        standby_kind_(standby),
        client_(host_config(nullptr, mtu)) {
    HostConfig config = host_config(&sender_, mtu);
    if (standby != Standby::none) {
      config.replication.policy = CommitPolicy::output;
      config.replication.role = Role::active;
    }
    server_ = std::make_unique<Host>(config);
    config.listeners[0].application = &spare_;
    config.replication.role = Role::standby;
    config.replication.index = 1;
    if (standby != Standby::none) standby_ = std::make_unique<Host>(config);
    server_->start(now_);
    client_.start(now_);
    if (standby_) join();
    client_.connect(now_, {kClient, 0}, {kVip, 80}, &sink_, bulk(mtu));
  }

  void turn() {
    now_ += kStep;
    if (client_.next_deadline() <= now_) client_.on_timer(now_);
    if (server_->next_deadline() <= now_) server_->on_timer(now_);
    if (standby_ && standby_->next_deadline() <= now_) standby_->on_timer(now_);
    carry(*server_, client_);
    carry(client_, *server_);
    if (standby_) replicate();
  }
  std::uint64_t taken() const { return sink_.taken; }
  std::uint64_t logged_bytes() const { return logged_bytes_; }

 private:
  void join() {
    standby_->start(now_);
    server_->on_peer(now_, kReplicaPeer, PeerEvent::up);
    standby_->on_peer(now_, kReplicaPeer, PeerEvent::up);
    while (!server_->is_protected()) {
      now_ += std::chrono::milliseconds{1};
      server_->on_timer(now_);
      standby_->on_timer(now_);
      (void)server_->next_transmit();
      exchange(true);
    }
  }
  void carry(Host& from, Host& to) {
    while (auto packet = from.next_transmit()) (void)to.on_packet(now_, *packet);
  }
  void exchange(bool applies) {
    while (auto message = server_->next_message()) {
      logged_bytes_ += message->bytes.size();
      if (message->kind == Message::Kind::bytes && applies)
        standby_->on_message(now_, kReplicaPeer, span_of(message->bytes));
    }
    while (auto message = standby_->next_message())
      if (message->kind == Message::Kind::bytes)
        server_->on_message(now_, kReplicaPeer, span_of(message->bytes));
    while (server_->next_notice()) {
    }
    while (standby_->next_notice()) {
    }
  }
  // The standby in full, or one that says at once that it has all: the gate alone.
  void replicate() {
    if (standby_kind_ == Standby::applies) return exchange(true);
    bool any = false;
    while (const auto message = server_->lend_message()) {
      logged_bytes_ += message->bytes.size();
      any = true;
    }
    if (!any) return;
    answer_.clear();
    write_message(answer_, Acknowledgment{server_->epoch(), server_->logged()});
    write_message(answer_, Heartbeat{server_->epoch(), static_cast<std::uint64_t>(to_ns(now_)), 0,
                                     0, true, false});
    server_->on_message(now_, kReplicaPeer, span_of(answer_));
  }
  static std::span<const std::uint8_t> span_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }

  Flood sender_, sink_, spare_;
  Standby standby_kind_;
  Instant now_{std::chrono::seconds{1}};
  Host client_;
  std::unique_ptr<Host> server_, standby_;
  std::string answer_;
  std::uint64_t logged_bytes_ = 0;
};

void transfer(benchmark::State& state, Standby standby) {
  Loopback loop(static_cast<std::uint32_t>(state.range(0)), standby);
  for (int i = 0; i < 2000; ++i) loop.turn();
  const std::uint64_t before = loop.taken(), logged = loop.logged_bytes();
  constexpr std::uint64_t kTurn = 1u << 20;
  for (auto _ : state)
    for (const std::uint64_t goal = loop.taken() + kTurn; loop.taken() < goal;) loop.turn();
  const std::uint64_t bytes = loop.taken() - before;
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(static_cast<std::int64_t>(bytes / 1'000'000));  // a megabyte
  state.counters["replicated"] =
      static_cast<double>(loop.logged_bytes() - logged) / static_cast<double>(bytes);
}

// A megabyte copied twice: into a buffer, and out of it.
void floor_copy(benchmark::State& state) {
  std::vector<std::uint8_t> from(1'000'000, 7), by(1'000'000), to(1'000'000);
  for (auto _ : state) {
    std::memcpy(by.data(), from.data(), from.size());
    benchmark::ClobberMemory();
    std::memcpy(to.data(), by.data(), by.size());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// What a standby has of connection number i: established, with a little on its way in both
// directions.
Record record_of(std::uint32_t i, std::span<const std::uint8_t> bytes) {
  Record record;
  record.slot = i;
  Agreement agreement;
  agreement.key.source = Address::v4(0x0b000000 + (i >> 14));
  agreement.key.source_port = static_cast<std::uint16_t>(1024 + (i & 16383));
  agreement.key.destination = kVip;
  agreement.key.destination_port = 80;
  agreement.key.protocol = wire::protocol::kTcp;
  agreement.handshake = {i, 7 * i, 1460, 7, true, true, false};
  record.opened = agreement;
  record.state = State::established;
  record.acknowledged = 0;
  record.written = bytes.size();
  record.sent = Extent{0, bytes};
  record.received = 1000;
  record.consumed = 1000;
  record.edge = 100'000;
  return record;
}

void promote(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const std::vector<std::uint8_t> bytes(100, 7);
  Flood application(false);
  HostConfig config = host_config(&application, 1500);
  config.connection_count_max = config.chunk_count = count;
  config.replication.policy = CommitPolicy::output;
  config.replication.role = Role::standby;
  config.replication.index = 1;
  const Instant now{std::chrono::seconds{1}};
  for (auto _ : state) {
    state.PauseTiming();
    auto host = std::make_unique<Host>(config);
    host->start(now);
    host->on_peer(now, kReplicaPeer, PeerEvent::up);
    const auto tell = [&](const StreamMessage& message) {
      std::string text;
      write_message(text, message);
      host->on_message(now, kReplicaPeer,
                       {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    };
    tell(SnapshotBegin{1, 1, count});
    for (std::uint32_t i = 0; i < count;) {
      Batch batch{1, i + 1, {}};
      for (; i < count && batch.records.size() < 1000; ++i)
        batch.records.push_back(record_of(i, bytes));
      tell(batch);
    }
    tell(SnapshotEnd{1, count});
    while (host->next_message()) {
    }
    state.ResumeTiming();
    if (!host->on_order(now + std::chrono::seconds{1}, Host::Order::promote))
      state.SkipWithError("not promoted");
    state.PauseTiming();
    if (host->slots().size() != count) state.SkipWithError("connections are missing");
    host.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * count);
}

// One connection with 100 bytes on their way: into a message, and out of it into another host's
// slot, ready to speak.
void export_import(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes(100, 7);
  ChunkPool pool(8);
  TimestampClock clock;
  Connection::Place place{&pool, &clock};
  const Instant now{std::chrono::seconds{1}};
  Connection from(record_of(1, bytes).opened->key, bulk(1500), place);
  if (!from.apply(record_of(1, bytes))) state.SkipWithError("not applied");
  from.take_over(now);
  std::string text;
  Batch batch{1, 1, {}};
  for (auto _ : state) {
    from.log_afresh();
    Mark mark;
    batch.records.assign(1, *from.log(1, mark));
    text.clear();
    write_message(text, batch);

    MessageReader reader;
    reader.feed({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    StreamMessage message;
    if (!reader.next(message)) state.SkipWithError("not read");
    const Record& record = std::get<Batch>(message).records[0];
    Connection to(record.opened->key, bulk(1500), place);
    if (!to.apply(record)) state.SkipWithError("not applied");
    to.take_over(now);
    benchmark::DoNotOptimize(to.written());
  }
  state.counters["message_bytes"] = static_cast<double>(text.size());
}

BENCHMARK_CAPTURE(transfer, "", Standby::none)->Name("tcp: loopback")->Arg(65535)->Arg(1500);
BENCHMARK_CAPTURE(transfer, "", Standby::acknowledges)
    ->Name("tcp: loopback, gated")
    ->Arg(65535)
    ->Arg(1500);
BENCHMARK_CAPTURE(transfer, "", Standby::applies)
    ->Name("tcp: loopback, with its standby")
    ->Arg(65535)
    ->Arg(1500);
BENCHMARK(promote)
    ->Name("tcp: promote")
    ->Arg(100'000)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(export_import)->Name("tcp: export and import a connection");
BENCHMARK(floor_copy)->Name("floor: two copies of a megabyte");

}  // namespace
}  // namespace poise::tcp
