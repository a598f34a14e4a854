// A snapshot: the members of a balancer and its flows, as bytes that another life of it begins
// with.
//
//   snapshot = "POISESNP" version:u8 life:u64 taken_at:u64 members flows check:u64
//   members  = count:varint { member }               in the order of their names
//   member   = index:varint generation:varint name address weight:varint state:u8 orphan:u8
//              drain_left:left forget_left:left ramp_left:left kind
//   kind     = 0:u8 | 1:u8 epoch:varint active_epoch:varint active:u8     a pair; active 2: none
//   yet
//            | 2:u8 pair:varint index:u8 epoch:varint active:u8           a replica, of that member
//   flows    = count:varint [ oldest:varint ] { flow }    the least recently used first
//   flow     = member:varint source:address destination:address source_port:varint
//              destination_port:varint protocol:u8 state:u8 younger:varint
//   name     = length:varint, then as many bytes
//   address  = 4:u8, 4 bytes | 6:u8, 16 bytes
//   left     = 0: no such deadline | ns + 1: so long after taken_at
//   u64      = little-endian;  varint: LEB128 of at most 63 bits
//
// `taken_at` is an instant of the writer's clock, in ns; all other times are relative to it, so
// that a reader with another clock loses only the time between. `life` is that of the flow memory
// (model/flow/flow_memory.h), whose entries mean members by {index, generation}. A member's state
// is 1 active, 2 draining, 3 paused, 4 down; one that is still registering (0) is not written,
// other than a pair. A flow's `member` counts from 0 in this snapshot; the first flow's age at
// taken_at is `oldest`, each is `younger` ns younger than the one before (the first: 0); its state
// is that of FlowState. `check` is a Digest of all bytes before it: a torn file is refused as a
// whole. Version 1 had no `kind`, and is read as if all were plain.
//
// Worked example: 504f495345534e50 02 0700000000000000 00ca9a3b00000000 01 00 02 0477656231
// 040a000101 01 01 00 00 00 00 00 00 + check: taken after 1 s in life 7; one member, in slot 0 as
// its third (generation 2), web1 at 10.0.1.1 with weight 1, active, no deadlines; no flows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/address.h"
#include "model/backend/backend_set.h"
#include "model/backend/state.h"
#include "model/backend_id.h"
#include "model/flow/flow_entry.h"
#include "model/flow/flow_key.h"
#include "model/time.h"

namespace poise {

struct SnapshotMember {
  BackendRef ref;  // in the life that wrote it
  std::string name;
  Address address;
  std::uint32_t weight = 1;
  BackendState state = BackendState::active;
  bool is_orphan = false;               // draining until its agent is back
  std::optional<Duration> drain_left;   // of a drain that was ordered
  std::optional<Duration> forget_left;  // of one that is down and gone
  std::optional<Duration> ramp_left;    // of its slow start
  BackendKind kind = BackendKind::plain;
  std::uint64_t epoch = 0;             // of a pair, the newest known; of a replica, what it said
  std::uint64_t active_epoch = 0;      // of a pair
  std::optional<std::uint8_t> active;  // of a pair: its last active replica
  std::uint32_t pair = 0;              // of a replica: in Snapshot::members ...
  std::uint8_t replica = 0;            // ... and which one it is
  bool is_active = false;              // of a replica: it said so
};

struct SnapshotFlow {
  std::uint32_t member = 0;  // in Snapshot::members
  FlowKey key;
  FlowState state = FlowState::handshake;
  Duration age{};  // since its last use
};

struct Snapshot {
  std::uint64_t life = 0;
  Instant taken_at{};
  std::vector<SnapshotMember> members;  // sorted by name
  std::vector<SnapshotFlow> flows;      // their ages do not increase

  // As if it had been taken at `now`: deadlines come nearer, flows get older. An earlier `now` is
  // of another clock, and changes nothing else.
  void age_to(Instant now);
};

std::vector<std::uint8_t> write_snapshot(const Snapshot& snapshot);

// Total: any bytes are a snapshot whose every field is in its range, or nothing and `error` says
// why. Takes memory in proportion to the bytes.
std::optional<Snapshot> read_snapshot(std::span<const std::uint8_t> bytes, std::string& error);

}  // namespace poise
