// A record: every event that went into a machine and a hash of all that came out, for replay.
//
//   record  = "POISEREC" version:u8 machine:u8 configuration:u64 { event outcome } end
//   event   = kind:u8 delta:varint payload       delta: ns since the event before
//   payload = packet, egress: bytes | peer: varint up:u8 | message: varint bytes
//           | command: kind:u8 bytes | restore: bytes | timer, start: nothing
//           | flow_counts: count:varint { backend:varint flows:varint } | health: code:varint
//           | replica: pair:bytes index:u8 epoch:varint active:u8
//   outcome = 0x7e hash:u64                       running hash over all outputs so far
//   end     = 0x7f digest:u64                     the machine's digest
//   bytes   = length:varint, then as many bytes;  varint: LEB128;  u64: little-endian
//
// Worked example: 01 80 94 eb dc 03 14 45..: a packet, 1 s after the event before, of 20 bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/backend_id.h"
#include "model/balancer/byte_stream.h"
#include "model/balancer/command.h"
#include "model/balancer/replica.h"
#include "model/hash.h"
#include "model/machine.h"

namespace poise {

enum class RecordedMachine : std::uint8_t { balancer = 1, agent = 2 };

enum class EventKind : std::uint8_t {
  packet = 1,
  peer = 2,
  message = 3,
  command = 4,
  timer = 5,
  start = 6,
  egress = 7,
  restore = 8,
  flow_counts = 9,
  health = 10,
  replica = 11,
  outcome = 0x7e,
  end = 0x7f
};

// One event as it stands in a record; which members count depends on the kind.
struct Event {
  EventKind kind = EventKind::timer;
  Instant now{};
  PeerId peer = 0;
  PeerEvent peer_event = PeerEvent::up;
  Command::Kind command = Command::Kind::drain;
  std::span<const std::uint8_t>
      bytes{};  // packet, message, snapshot, a command's backend; borrowed
  std::span<const FlowCount> flow_counts{};  // borrowed
  std::uint16_t health = 0;
  const ReplicaStatus* replica = nullptr;  // borrowed
  std::uint64_t hash = 0;                  // outcome, end
};

// Writes a record, piece by piece, to wherever its owner keeps it.
class RecordWriter {
 public:
  using Sink = std::function<void(std::span<const std::uint8_t>)>;

  RecordWriter(Sink sink, RecordedMachine machine, std::uint64_t configuration);
  void write(const Event& event);

 private:
  Sink sink_;
  ByteWriter buffer_;
  Instant last_{};
};

// Reads a record from memory. Total: any bytes end in an event, the end, or an error with its
// offset.
class RecordReader {
 public:
  explicit RecordReader(std::span<const std::uint8_t> bytes);

  std::optional<Event> next();
  const std::string& error() const { return error_; }  // empty: none so far
  bool is_cut() const { return is_cut_; }  // the error is that bytes of the last event are missing
  RecordedMachine machine() const { return machine_; }
  std::uint64_t configuration() const { return configuration_; }

 private:
  std::optional<Event> fail(const std::string& what);
  void read_payload(Event& event);
  void read_flow_counts(Event& event);
  void read_replica(Event& event);

  ByteReader in_;
  std::vector<FlowCount> flow_counts_;
  ReplicaStatus replica_;
  Instant last_{};
  RecordedMachine machine_ = RecordedMachine::balancer;
  std::uint64_t configuration_ = 0;
  std::string error_;
  bool is_cut_ = false;
};

// The running hash over a machine's outputs, equal wherever it runs.
class OutputHash {
 public:
  void add(Verdict verdict, const Packet& packet);
  void add(const Packet& transmitted) { digest_.add('t').add(transmitted.bytes()); }
  void add(const Message& message);
  void add(const Notice& notice);
  void add(CommandResult result) { digest_.add('c').add(result); }
  void add(RestoreOutcome outcome) { digest_.add('r').add(outcome); }
  void add_deadline(Instant deadline) { digest_.add('d').add(to_ns(deadline)); }
  std::uint64_t value() const { return digest_.value(); }

 private:
  Digest digest_;
};

}  // namespace poise
