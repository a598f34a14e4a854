// Writing and reading snapshots.
#include "model/balancer/snapshot.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "model/backend/backend_set.h"
#include "model/balancer/byte_stream.h"
#include "model/balancer/replica.h"
#include "model/check.h"
#include "model/hash.h"

namespace poise {
namespace {

constexpr std::string_view kMagic = "POISESNP";
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kCheckSize = 8;
constexpr std::size_t kFlowSizeMin = 16;                        // of a flow's bytes
constexpr std::uint64_t kDurationMax = std::uint64_t{1} << 62;  // 146 years

std::uint64_t ns(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
}

void put(ByteWriter& out, const Address& address) {
  const std::span<const std::uint8_t> bytes(address.bytes());
  out.u8(static_cast<std::uint8_t>(address.family()));
  out.raw(address.is_v4() ? bytes.subspan(12) : bytes);
}

void put(ByteWriter& out, std::optional<Duration> left) {
  out.varint(left ? ns(*left) + 1 : 0);
}

Address get_address(ByteReader& in) {
  const std::uint8_t family = in.u8();
  if (family != 4 && family != 6) in.fail();
  std::array<std::uint8_t, 16> bytes{};
  if (family == 4) bytes[10] = bytes[11] = 0xff;
  const auto given = in.raw(family == 4 ? 4 : 16);
  std::copy(given.begin(), given.end(), bytes.end() - static_cast<std::ptrdiff_t>(given.size()));
  const Address address = Address::v6(bytes);
  if (address.is_unspecified() || address.is_v4() != (family == 4)) in.fail();
  return address;
}

Duration get_duration(ByteReader& in) {
  return Duration{static_cast<std::int64_t>(in.varint(kDurationMax))};
}

std::optional<Duration> get_left(ByteReader& in) {
  const Duration coded = get_duration(in);
  if (coded == Duration::zero()) return std::nullopt;
  return coded - Duration{1};
}

void put(ByteWriter& out, const SnapshotMember& member) {
  out.varint(member.ref.index).varint(member.ref.generation).sized(member.name);
  put(out, member.address);
  out.varint(member.weight).u8(static_cast<std::uint8_t>(member.state)).u8(member.is_orphan);
  put(out, member.drain_left);
  put(out, member.forget_left);
  put(out, member.ramp_left);
  out.u8(static_cast<std::uint8_t>(member.kind));
  if (member.kind == BackendKind::pair)
    out.varint(member.epoch)
        .varint(member.active_epoch)
        .u8(member.active.value_or(static_cast<std::uint8_t>(kPairSize)));
  if (member.kind == BackendKind::replica)
    out.varint(member.pair).u8(member.replica).varint(member.epoch).u8(member.is_active);
}

void get_kind(ByteReader& in, SnapshotMember& member) {
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(BackendKind::replica)) in.fail();
  member.kind = static_cast<BackendKind>(kind);
  if (member.kind == BackendKind::pair) {
    member.epoch = in.varint(kEpochMax);
    member.active_epoch = in.varint(member.epoch);
    const std::uint8_t active = in.u8();
    if (active > kPairSize) in.fail();
    if (active < kPairSize) member.active = active;
  }
  if (member.kind == BackendKind::replica) {
    member.pair = static_cast<std::uint32_t>(in.varint(kBackendCountMax));
    member.replica = in.u8();
    member.epoch = in.varint(kEpochMax);
    const std::uint8_t active = in.u8();
    if (member.replica >= kPairSize || active > 1) in.fail();
    member.is_active = active == 1;
  }
}

SnapshotMember get_member(ByteReader& in, bool has_kind) {
  SnapshotMember member;
  member.ref.index = static_cast<BackendIndex>(in.varint(kNoBackend - 1));
  member.ref.generation = static_cast<std::uint16_t>(in.varint(0xffff));
  const auto name = in.sized();
  member.name.assign(name.begin(), name.end());
  member.address = get_address(in);
  member.weight = static_cast<std::uint32_t>(in.varint(kBackendWeightMax));
  const std::uint8_t state = in.u8(), orphan = in.u8();
  member.state = static_cast<BackendState>(state);
  member.is_orphan = orphan == 1;
  member.drain_left = get_left(in);
  member.forget_left = get_left(in);
  member.ramp_left = get_left(in);
  if (has_kind) get_kind(in, member);
  const bool sound = is_backend_name(member.name) && member.weight >= 1 &&
                     (state >= 1 || member.kind == BackendKind::pair) &&
                     state < kBackendStateCount && orphan <= 1 &&
                     (orphan == 0 || member.state == BackendState::draining);
  if (!sound) in.fail();
  return member;
}

void put(ByteWriter& out, const SnapshotFlow& flow, Duration younger) {
  out.varint(flow.member);
  put(out, flow.key.source);
  put(out, flow.key.destination);
  out.varint(flow.key.source_port).varint(flow.key.destination_port).u8(flow.key.protocol);
  out.u8(static_cast<std::uint8_t>(flow.state)).varint(ns(younger));
}

SnapshotFlow get_flow(ByteReader& in, std::size_t member_count, Duration& age) {
  SnapshotFlow flow;
  flow.member = static_cast<std::uint32_t>(in.varint(0xffff));
  flow.key.source = get_address(in);
  flow.key.destination = get_address(in);
  flow.key.source_port = static_cast<std::uint16_t>(in.varint(0xffff));
  flow.key.destination_port = static_cast<std::uint16_t>(in.varint(0xffff));
  flow.key.protocol = in.u8();
  const std::uint8_t state = in.u8();
  flow.state = static_cast<FlowState>(state);
  const Duration younger = get_duration(in);
  if (flow.member >= member_count || state >= kFlowStateCount || younger > age ||
      flow.key.source.family() != flow.key.destination.family())
    in.fail();
  flow.age = age -= younger;
  return flow;
}

// Each replica's pair is there, and has one replica in each place.
bool have_pairs(const std::vector<SnapshotMember>& members) {
  std::set<std::pair<std::uint32_t, std::uint8_t>> seats;
  for (const SnapshotMember& member : members)
    if (member.kind == BackendKind::replica &&
        (member.pair >= members.size() || members[member.pair].kind != BackendKind::pair ||
         !seats.insert({member.pair, member.replica}).second))
      return false;
  return true;
}

// No two members share a slot, a name (the order shows it) or, other than a pair and its replica,
// an address.
bool are_distinct(const std::vector<SnapshotMember>& members) {
  std::set<BackendIndex> slots;
  std::set<Address> addresses;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (!slots.insert(members[i].ref.index).second ||
        (members[i].kind != BackendKind::pair && !addresses.insert(members[i].address).second) ||
        (i > 0 && members[i - 1].name >= members[i].name))
      return false;
  return true;
}

}  // namespace

void Snapshot::age_to(Instant now) {
  const Duration elapsed = std::max(now - taken_at, Duration::zero());
  taken_at = now;
  const auto shorten = [&](std::optional<Duration>& left) {
    if (left) left = std::max(*left - elapsed, Duration::zero());
  };
  for (SnapshotMember& member : members) {
    shorten(member.drain_left);
    shorten(member.forget_left);
    shorten(member.ramp_left);
  }
  const Duration most{static_cast<std::int64_t>(kDurationMax)};
  for (SnapshotFlow& flow : flows) flow.age = std::min(flow.age, most - elapsed) + elapsed;
}

std::vector<std::uint8_t> write_snapshot(const Snapshot& snapshot) {
  ByteWriter out;
  out.raw(kMagic).u8(kVersion).u64(snapshot.life);
  out.u64(ns(snapshot.taken_at.time_since_epoch())).varint(snapshot.members.size());
  for (const SnapshotMember& member : snapshot.members) put(out, member);
  out.varint(snapshot.flows.size());
  if (!snapshot.flows.empty()) {
    Duration age = snapshot.flows.front().age;
    out.varint(ns(age));
    for (const SnapshotFlow& flow : snapshot.flows) {
      POISE_CHECK(flow.age <= age);
      put(out, flow, age - flow.age);
      age = flow.age;
    }
  }
  out.u64(Digest().add(std::span<const std::uint8_t>(out.bytes())).value());
  return out.take();
}

std::optional<Snapshot> read_snapshot(std::span<const std::uint8_t> bytes, std::string& error) {
  const auto refuse = [&](std::string_view why) {
    error = why;
    return std::nullopt;
  };
  if (bytes.size() < kMagic.size() + 1 + kCheckSize ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
    return refuse("not a snapshot");
  const auto body = bytes.first(bytes.size() - kCheckSize);
  if (ByteReader(bytes.last(kCheckSize)).u64() != Digest().add(body).value())
    return refuse("a snapshot that is torn: its check differs");
  ByteReader in(body.subspan(kMagic.size()));
  const std::uint8_t version = in.u8();
  if (version != kVersion && version != 1) return refuse("a snapshot of another version");

  Snapshot snapshot;
  snapshot.life = in.u64();
  const std::uint64_t taken_at = in.u64();
  if (taken_at > kDurationMax) in.fail();
  snapshot.taken_at = instant_from_ns(static_cast<std::int64_t>(taken_at));
  for (std::uint64_t i = in.varint(kBackendCountMax); i-- > 0 && !in.failed();)
    snapshot.members.push_back(get_member(in, version > 1));
  const std::uint64_t flow_count = in.varint(in.left() / kFlowSizeMin);
  snapshot.flows.reserve(flow_count);
  Duration age = flow_count > 0 ? get_duration(in) : Duration::zero();
  for (std::uint64_t i = 0; i < flow_count && !in.failed(); ++i)
    snapshot.flows.push_back(get_flow(in, snapshot.members.size(), age));
  if (in.failed() || in.left() != 0 || !are_distinct(snapshot.members) ||
      !have_pairs(snapshot.members))
    return refuse("a snapshot with a field out of its range, at byte " +
                  std::to_string(kMagic.size() + in.offset()));
  return snapshot;
}

}  // namespace poise
