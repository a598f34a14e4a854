// The packet function: look at a datagram, place its flow, send it into a tunnel.
#include "model/balancer/data_path.h"

#include <algorithm>

#include "model/hash.h"
#include "model/wire/build.h"

namespace poise {
namespace {

constexpr std::uint64_t kPolicyStream = 2;  // of the balancer's seed
constexpr std::uint64_t kFragmentStream = 3;
constexpr Duration kSweepInterval = std::chrono::milliseconds{10};
constexpr std::uint32_t kSweepBudget = 1024;
constexpr std::size_t kAhead = 12;  // packets between the steps of a burst

// A flow that is met in its middle (its balancer died, or its entry was evicted) counts as a
// handshake until it speaks again, so that a flood of ACKs cannot push out what is established.
FlowState first_state(const wire::Datagram& datagram) {
  if (!datagram.is_tcp()) return FlowState::datagram;
  const bool ends = datagram.tcp_flags & (wire::tcp_flag::kFin | wire::tcp_flag::kRst);
  return ends ? FlowState::closing : FlowState::handshake;
}

FlowState next_state(FlowState state, const wire::Datagram& datagram) {
  if (!datagram.is_tcp()) return FlowState::datagram;
  if (datagram.tcp_flags & (wire::tcp_flag::kFin | wire::tcp_flag::kRst)) return FlowState::closing;
  if (state == FlowState::handshake && !(datagram.tcp_flags & wire::tcp_flag::kSyn))
    return FlowState::established;
  return state;
}

// The SYN of a new connection that uses the ports of one that is closing.
bool reuses_ports(FlowState state, const wire::Datagram& datagram) {
  return state == FlowState::closing && (datagram.tcp_flags & wire::tcp_flag::kSyn);
}

}  // namespace

FlowTable::Config DataPath::table_config(const BalancerConfig& config) {
  return {.capacity = config.tracking ? config.flow_count_max : 1,
          .backend_count_max = config.backend_count_max,
          .timeouts = config.flow_timeouts,
          .seed = config.hash_seed};
}

DataPath::DataPath(const BalancerConfig& config, const BackendSet& backends, Counters& counters,
                   std::unique_ptr<policy::Policy> policy, LentMemory memory)
    : config_(config),
      backends_(backends),
      counters_(counters),
      policy_(std::move(policy)),
      rng_(config.seed, kPolicyStream),
      hasher_(config.hash_fields, config.hash_seed),
      flows_(table_config(config), memory),
      fragments_({.seed = mix64(config.seed ^ kFragmentStream)}),
      tunnels_(config.backend_count_max),
      copy_tunnels_(config.mirror ? config.backend_count_max : 0),
      no_flows_(config.backend_count_max) {
  POISE_CHECK(policy_ != nullptr);
}

Verdict DataPath::on_packet(Instant now, Packet& packet) noexcept {
  Look look;
  this->look(packet, look);
  return decide(now, packet, look);
}

void DataPath::on_burst(Instant now, std::span<Packet> packets,
                        std::span<Verdict> verdicts) noexcept {
  POISE_CHECK(packets.size() <= kBurst && packets.size() == verdicts.size());
  // Three steps a packet, each kAhead packets behind the one before, so that memory is fetched
  // while other packets are worked on.
  const std::size_t count = packets.size();
  for (std::size_t i = 0; i < count + 2 * kAhead; ++i) {
    if (i < count) {
      look(packets[i], looks_[i]);
      flows_.prefetch_index(looks_[i].table_hash);
    }
    if (const std::size_t j = i - kAhead; j < count)
      looks_[j].guess = flows_.prefetch_entry(looks_[j].table_hash);
    if (const std::size_t j = i - 2 * kAhead; j < count)
      verdicts[j] = decide(now, packets[j], looks_[j]);
  }
}

// Reads only: what it finds out is acted upon by decide(), in the order of the packets.
void DataPath::look(const Packet& packet, Look& look) const noexcept {
  using Kind = Look::Kind;
  const wire::Datagram& datagram = look.datagram;
  look.datagram.is_icmp_error = false;
  if (wire::parse(packet.bytes(), look.datagram) != wire::Malformed::none) {
    look.kind = Kind::malformed;
    return;
  }
  look.kind = Kind::other;
  if (!serves(datagram)) return;
  look.kind = datagram.is_icmp_error         ? Kind::icmp_error
              : datagram.is_later_fragment() ? Kind::later_fragment
                                             : Kind::flow;
  const FlowKey key = key_of(datagram);
  look.table_hash = flows_.hash(key);
  look.hash = config_.hash_fields == FlowFields::five ? look.table_hash : hasher_(key);
}

bool DataPath::serves(const wire::Datagram& datagram) const noexcept {
  const bool error = datagram.is_icmp_error;
  const std::uint8_t protocol = error ? datagram.quoted.protocol : datagram.protocol;
  const std::uint16_t port = error ? datagram.quoted.source_port : datagram.destination_port;
  for (const Vip& vip : config_.vips) {
    if (vip.address != datagram.destination || vip.protocol != protocol) continue;
    if (error && vip.address != datagram.quoted.source) continue;
    if (vip.port == 0 || vip.port == port || datagram.is_later_fragment()) return true;
  }
  return false;
}

Verdict DataPath::decide(Instant now, Packet& packet, const Look& look) noexcept {
  decision_ = {};
  switch (look.kind) {
    case Look::Kind::malformed:
      return refuse(Count::drop_malformed);
    case Look::Kind::other:
      counters_.add(Count::passed);
      return Verdict::pass;
    case Look::Kind::flow:
    case Look::Kind::later_fragment:
    case Look::Kind::icmp_error:
      break;
  }
  if (look.datagram.has_source_route) return refuse(Count::drop_source_route);
  if (look.datagram.ttl == 0) return refuse(Count::drop_ttl);

  const BackendRef backend = place(now, look);
  if (!backend) return refuse(unplaced(look));
  return forward(packet, look, backend);
}

// Why place() found nobody.
Count DataPath::unplaced(const Look& look) const noexcept {
  switch (look.kind) {
    case Look::Kind::later_fragment:
      return Count::drop_fragment_orphan;
    case Look::Kind::icmp_error:
      return Count::drop_icmp_unmatched;
    case Look::Kind::flow:
    case Look::Kind::malformed:
    case Look::Kind::other:
      break;
  }
  return Count::drop_no_backend;
}

BackendRef DataPath::place(Instant now, const Look& look) noexcept {
  switch (look.kind) {
    case Look::Kind::later_fragment:
      return place_later_fragment(now, look);
    case Look::Kind::icmp_error:
      return place_icmp_error(now, look);
    case Look::Kind::flow:
    case Look::Kind::malformed:
    case Look::Kind::other:
      break;
  }
  const BackendRef backend = config_.tracking ? place_tracked(now, look) : choose(look.hash);
  if (!config_.tracking && backend) decide_as(backend, Decision::Reason::untracked);
  if (backend && look.datagram.is_first_fragment())
    fragments_.remember(look.datagram, backend, now);
  return backend;
}

BackendRef DataPath::place_tracked(Instant now, const Look& look) noexcept {
  const FlowKey key = key_of(look.datagram);
  const FlowSlot slot = flows_.find(key, look.table_hash, now, look.guess);
  if (!slot || reuses_ports(flows_.state(slot), look.datagram)) {
    // A new flow.
    const BackendRef chosen = choose(look.hash);
    if (!chosen) return chosen;
    const FlowState state = first_state(look.datagram);
    const bool kept = bool(flows_.insert(key, look.table_hash, chosen, state, now));
    return decide_as(chosen, kept ? Decision::Reason::chosen : Decision::Reason::untracked);
  }
  const FlowState state = next_state(flows_.state(slot), look.datagram);
  const BackendRef backend = flows_.backend(slot);
  if (backends_.keeps(backend)) {
    // The common case: a known flow whose backend serves it.
    flows_.touch(slot, now, state);
    return decide_as(backend, Decision::Reason::tracked);
  }
  // A known flow whose backend is gone or paused: another one will answer, most likely with a
  // reset.
  const BackendRef chosen = choose(look.hash);
  if (!chosen) return chosen;
  flows_.set_backend(slot, chosen);
  flows_.touch(slot, now, state);
  return decide_as(chosen, Decision::Reason::moved);
}

// After its first fragment, which had the ports.
BackendRef DataPath::place_later_fragment(Instant now, const Look& look) noexcept {
  const BackendRef backend = fragments_.find(look.datagram, now);
  if (!backend || !backends_.keeps(backend)) return {};
  counters_.add(Count::fragments_forwarded);
  decision_ = {backend, Decision::Reason::fragment};
  return backend;
}

// To where the datagram that it quotes came from. It neither opens a flow nor keeps one alive.
BackendRef DataPath::place_icmp_error(Instant now, const Look& look) noexcept {
  const FlowSlot slot =
      config_.tracking ? flows_.find(key_of(look.datagram), look.table_hash, now) : FlowSlot{};
  BackendRef backend;
  if (slot && backends_.keeps(flows_.backend(slot))) backend = flows_.backend(slot);
  if (!slot && policy_->is_consistent()) backend = choose(look.hash);
  if (!backend) return {};
  counters_.add(Count::icmp_forwarded);
  decision_ = {backend, slot ? Decision::Reason::tracked : Decision::Reason::untracked};
  return backend;
}

BackendRef DataPath::choose(std::uint64_t hash) noexcept {
  const BackendIndex index =
      policy_->choose(hash, config_.tracking ? flows_.flow_counts() : no_flows_, rng_);
  if (index == kNoBackend) return {};
  return {index, backends_.generation(index)};
}

BackendRef DataPath::decide_as(BackendRef backend, Decision::Reason reason) noexcept {
  decision_ = {backend, reason};
  switch (reason) {
    case Decision::Reason::tracked:
      counters_.add(Count::flow_tracked);
      break;
    case Decision::Reason::chosen:
      counters_.add(Count::flow_chosen);
      break;
    case Decision::Reason::moved:
      counters_.add(Count::flow_moved);
      break;
    case Decision::Reason::untracked:
      counters_.add(Count::flow_untracked);
      break;
    case Decision::Reason::none:
    case Decision::Reason::fragment:
      break;
  }
  return backend;
}

Verdict DataPath::forward(Packet& packet, const Look& look, BackendRef backend) noexcept {
  const wire::TunnelHeader& tunnel = tunnels_[backend.index];
  packet.resize(look.datagram.total_size);
  if (config_.clamp_mss && (look.datagram.tcp_flags & wire::tcp_flag::kSyn))
    clamp(packet, look, tunnel);  // while its header is in one piece
  if (config_.mirror) mirror(packet, look, backend);
  if (look.datagram.total_size + tunnel.size() > config_.mtu) {
    const Verdict verdict = shrink(packet, look, tunnel);
    if (verdict != Verdict::forward) return verdict;
  }
  tunnel.apply(packet, entropy_port(look.table_hash));
  counters_.add(Count::forwarded);
  return Verdict::forward;
}

Verdict DataPath::refuse(Count reason) noexcept {
  counters_.add(reason);
  decision_ = {};
  return Verdict::drop;
}

// In the range that RFC 6335 leaves to ephemeral ports, so that nothing else is hit.
std::uint16_t DataPath::entropy_port(std::uint64_t hash) const noexcept {
  return static_cast<std::uint16_t>(0xc000 | (hash >> 24 & 0x3fff));
}

void DataPath::rebuild() {
  const std::vector<policy::Candidate> candidates = backends_.candidates();
  policy_->rebuild(candidates);
  retarget();
}

void DataPath::retarget() {
  for (const BackendIndex index : backends_.by_name()) {
    const Backend& backend = backends_[index];
    if (keeps_old_flows(backend.state)) tunnels_[index] = tunnel_to(backend.address);
    if (!config_.mirror) continue;
    copy_tunnels_[index].reset();
    if (!backend.copy_to.is_unspecified()) copy_tunnels_[index] = tunnel_to(backend.copy_to);
  }
}

bool DataPath::restore(Instant now, const FlowKey& key, BackendRef backend, FlowState state,
                       Instant last_use) {
  const FlowTimeouts& t = config_.flow_timeouts;
  const Duration timeouts[kFlowStateCount] = {t.closing, t.handshake, t.datagram, t.established};
  if (!config_.tracking || now - last_use >= timeouts[static_cast<std::size_t>(state)])
    return false;
  return bool(flows_.insert(key, flows_.hash(key), backend, state, last_use));
}

wire::TunnelHeader DataPath::tunnel_to(const Address& address) const {
  return {config_.encapsulation, config_.address, address};
}

void DataPath::expire(Instant now) {
  if (now < next_expiry()) return;
  last_sweep_ = now;
  flows_.expire(now, kSweepBudget);
}

Instant DataPath::next_expiry() const {
  const Instant next = flows_.next_expiry();
  return next == kNever ? kNever : std::max(next, last_sweep_ + kSweepInterval);
}

void DataPath::probe(const Backend& backend, std::string_view payload) {
  const auto memory = outbox_.begin();
  if (!memory) return counters_.add(Count::drop_no_room);
  const Endpoint from{config_.address, wire::kCaplancePort};
  const Endpoint to{backend.address, wire::kCaplancePort};
  const std::size_t size = wire::build_into(
      *memory, wire::UdpDatagram{.source = from,
                                 .destination = to,
                                 .payload = {reinterpret_cast<const std::uint8_t*>(payload.data()),
                                             payload.size()}});
  POISE_CHECK(size > 0);
  Packet& packet = outbox_.commit(size);
  // Caplance's own probe is the payload of the tunnel's UDP; the others carry it as a datagram.
  if (config_.encapsulation != wire::Encapsulation::caplance)
    tunnel_to(backend.address).apply(packet, entropy_port(mix64(backend.ref.index)));
  counters_.add(Count::probes_sent);
}

std::uint64_t DataPath::digest() const {
  return Digest()
      .add(policy_->digest())
      .add(rng_.digest())
      .add(flows_.digest())
      .add(fragments_.digest())
      .add(to_ns(last_sweep_))
      .value();
}

}  // namespace poise
