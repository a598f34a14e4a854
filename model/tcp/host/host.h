// A host's TCP as a machine: all connections of one server, alone or as one replica of two.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/machine.h"
#include "model/tcp/application/application.h"
#include "model/tcp/connection/config.h"
#include "model/tcp/connection/record.h"
#include "model/tcp/replication/config.h"
#include "model/tcp/replication/gathered.h"

namespace poise::tcp {

class Connection;

struct Listener {
  Endpoint local;                      // the VIP; port 0: any
  Application* application = nullptr;  // outlives the host; never shared between hosts
  ConnectionConfig connection;
};

struct HostConfig {
  std::string name;  // in notices
  std::vector<Listener> listeners;
  std::uint32_t connection_count_max = 65536;
  std::uint32_t chunk_count = 4096;          // of ChunkPool::kChunkSize bytes, for all buffers
  std::uint32_t half_open_count_max = 1024;  // SYN-RECEIVED without cookies; 0: cookies always
  SipKey secret;                             // of initial sequence numbers; shared by replicas
  std::uint64_t seed = 1;                    // ephemeral ports
  // A standby keeps so many of the newest datagrams that reach it (a balancer mirrors them), in
  // 2,048 bytes for each, and takes them in when it takes over: what its predecessor had not logged
  // is not lost.
  std::uint32_t held_packets_max = 0;
  ReplicationConfig replication;
};

// Streams that a host asks its world for.
inline constexpr PeerId kReplicaPeer = 1;  // the other replica
inline constexpr PeerId kWitnessPeer = 2;

// A message whose long pieces lie in the host's buffers (Gathered).
struct LentMessage {
  Message::Kind kind;
  PeerId peer;
  const Gathered& bytes;
};

// Events and actions are those of model/machine.h. on_packet consumes (Verdict::drop) all TCP to
// its listeners' addresses and the ICMP errors about it, and passes the rest.
class Host {
 public:
  explicit Host(HostConfig config);
  ~Host();

  void start(Instant now);
  Verdict on_packet(Instant now, Packet& packet) noexcept;
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  void on_timer(Instant now);
  // An operator's order, whatever the witness says of it later:
  // migrate: the active hands over to its standby. promote: a standby without a witness takes over
  // now (the operator vouches that the active is dead). solo: an active without a witness goes on
  // alone.
  enum class Order : std::uint8_t { migrate, promote, solo };
  bool on_order(Instant now, Order order);  // false: not in this role

  // Writes what changed into the log: it is among the next messages. next_transmit() does it as
  // well; a world that says messages before datagrams calls it first.
  void write_log();
  std::optional<Packet> next_transmit();
  // The next message, lent until the next call on the host; or the same in one piece, copied.
  std::optional<LentMessage> lend_message();
  std::optional<Message> next_message();
  std::optional<Notice> next_notice();
  Instant next_deadline() const;

  // Active open from `local` (port 0: an ephemeral one). Nothing when there is no slot or port.
  std::optional<Slot> connect(Instant now, Endpoint local, Endpoint remote,
                              Application* application, const ConnectionConfig& config);
  // The stream of a slot, while its connection lives; valid until the next call on the host. After
  // using it from outside of on_ready: touch(slot), so that what was committed goes out.
  Stream* stream(Slot slot);
  void touch(Instant now, Slot slot);
  std::vector<Slot> slots() const;  // living connections
  std::optional<State> state(Slot slot) const;

  // Every connection says where it stands and repeats what was not acknowledged: for a host that
  // ran silently until now, and did not know it (input_host.h).
  void speak_up(Instant now);

  const Connection* connection(Slot slot) const;  // to look at; nullptr when there is none

  struct Counters {
    std::uint64_t segments_in = 0;
    std::uint64_t segments_out = 0;
    std::uint64_t malformed = 0;     // a wrong checksum, or a fragment
    std::uint64_t silent = 0;        // came while this replica does not serve
    std::uint64_t refused = 0;       // no slot for a new connection
    std::uint64_t cookies = 0;       // handshakes answered without state
    std::uint64_t resets = 0;        // answers to strays
    std::uint64_t replies_lost = 0;  // no room for an answer
  };
  const Counters& counters() const;

  Role role() const;
  bool is_protected() const;  // active, and its standby could take over at once
  // What next_transmit gave must have left before then: a world looks at its own clock once more,
  // since it may have been stopped in between.
  Instant speaks_until() const;
  std::uint64_t epoch() const;
  Lsn logged() const;              // of the newest record
  Lsn committed() const;           // all outputs that depend on records up to here may leave
  std::uint64_t log_size() const;  // bytes that the standby has not acknowledged
  std::uint64_t digest() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace poise::tcp
