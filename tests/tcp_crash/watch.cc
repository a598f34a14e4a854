// The invariants, one function each.
#include "tests/tcp_crash/watch.h"

#include <utility>

#include "model/tcp/connection/connection.h"
#include "model/wire/describe.h"
#include "tests/tcp_host/transfer.h"

namespace poise::tcp::testing {

namespace flag = wire::tcp_flag;

Watch::Watch(World& world, std::uint64_t log_size_max)
    : world_(world), log_size_max_(log_size_max) {
  world_.on_emit = [this](Node from, std::span<const std::uint8_t> bytes) { on_emit(from, bytes); };
}

void Watch::breaks(const char* what, const std::string& detail) {
  if (broken_.size() < 8)
    broken_.push_back(std::string(what) + " at " + std::to_string(to_ns(world_.now()) / 1000) +
                      " us: " + detail);
}

// I10: a record may go beyond the bound, and then no other is written before one is acknowledged.
void Watch::after_event() {
  for (const int index : {0, 1}) {
    const Host* host = world_.replica(index);
    const Log now = host && host->is_protected()
                        ? Log{true, host->logged(), host->committed(), host->log_size()}
                        : Log{};
    const Log before = std::exchange(logs_[static_cast<std::size_t>(index)], now);
    if (before.is_kept && now.is_kept && before.size >= log_size_max_ &&
        before.committed == now.committed && now.logged > before.logged)
      breaks("I10 the log grows beyond its bound", std::to_string(now.size) + " bytes");
  }
}

void Watch::on_emit(Node from, std::span<const std::uint8_t> bytes) {
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none || !datagram.is_tcp())
    return breaks("what is this", wire::describe(bytes));
  const Segment segment = read_segment(bytes, datagram);
  FlowKey key = key_of(datagram);
  if (segment.has(flag::kRst)) breaks("I7 a reset", wire::describe(bytes));
  if (from == Node::client) return on_client_segment(key, segment);
  emitted_ = digest_.add(to_ns(world_.now())).add(from).add(bytes).value();
  std::swap(key.source, key.destination);
  std::swap(key.source_port, key.destination_port);
  check_speaker(from);
  on_server_segment(from, key, segment);
}

void Watch::on_client_segment(const FlowKey& key, const Segment& segment) {
  Flow& flow = flows_[key];
  if (!segment.has(flag::kSyn)) return;
  flow.irs = segment.sequence;
}

// I5: whoever has spoken in a newer epoch silences all others for good.
void Watch::check_speaker(Node from) {
  const Host* host = world_.replica(from == Node::first ? 0 : 1);
  const std::uint64_t epoch = host->epoch();
  if (epoch < newest_epoch_ || (epoch == newest_epoch_ && speaker_ && *speaker_ != from))
    breaks("I5 spoke in epoch", std::to_string(epoch) + " after " + std::to_string(newest_epoch_));
  newest_epoch_ = std::max(newest_epoch_, epoch);
  speaker_ = from;
}

void Watch::on_server_segment(Node from, const FlowKey& key, const Segment& segment) {
  Flow& flow = flows_[key];
  if (!flow.irs) return;
  if (segment.has(flag::kSyn)) {
    if (flow.iss && *flow.iss != segment.sequence) breaks("I2 another initial sequence", "");
    flow.iss = segment.sequence;
    flow.scale = segment.options.window_scale.value_or(0);
  }
  if (!flow.iss) return breaks("spoke before the handshake", "");
  const Position ack = position_of(segment.acknowledgment, *flow.irs, flow.edge.value_or(1));
  if (!segment.has(flag::kSyn)) {
    const Position edge = ack + (Position{segment.window} << flow.scale);
    if (flow.edge && edge < *flow.edge)
      breaks("I3 the window's edge moved left", std::to_string(*flow.edge - edge));
    flow.edge = std::max(flow.edge.value_or(edge), edge);
  }
  if (segment.options.timestamps) {
    const std::uint32_t value = segment.options.timestamps->value;
    if (flow.timestamp && static_cast<std::int32_t>(value - *flow.timestamp) < 0)
      breaks("I4 a timestamp ran backwards", std::to_string(*flow.timestamp - value));
    flow.timestamp = value;
  }
  const Position begin = position_of(segment.sequence, *flow.iss, 1);
  for (std::size_t i = 0; i < segment.payload.size(); ++i) {
    const auto offset = static_cast<std::uint64_t>(begin - 1) + i;
    if (segment.payload[i] == byte_at(offset)) continue;
    breaks("I2 another byte", std::to_string(offset));
    break;
  }
  if (segment.has(flag::kFin)) {
    const Position fin = begin + static_cast<Position>(segment.payload.size());
    if (flow.fin && *flow.fin != fin) breaks("I8 another FIN", std::to_string(fin));
    flow.fin = fin;
  }
  check_committed(from, segment, flow);
}

// I1 and I2, against what the standby has: not against what the active believes of it.
void Watch::check_committed(Node from, const Segment& segment, const Flow& flow) {
  Host* host = world_.replica(from == Node::first ? 0 : 1);
  Host* standby = world_.replica(from == Node::first ? 1 : 0);
  if (!host->is_protected() || !standby || standby->role() != Role::standby ||
      segment.has(flag::kSyn))
    return;
  const Position ack = position_of(segment.acknowledgment, *flow.irs, 1);
  const Position end =
      position_of(segment.sequence, *flow.iss, 1) + static_cast<Position>(segment.length());
  Position has_received = 1, has_written = 1;
  for (const Slot slot : standby->slots()) {
    const Connection* connection = standby->connection(slot);
    if (connection->agreement().handshake.iss != *flow.iss) continue;
    has_received = static_cast<Position>(connection->received()) + 1 + connection->peer_closed();
    has_written = static_cast<Position>(connection->committed()) + 2;  // a FIN may stand there
    return ack > has_received || end > has_written
               ? breaks("I1 told what the standby lacks", std::to_string(ack - has_received))
               : void();
  }
  // A connection that the standby has closed may repeat its last words; one that it never had may
  // say nothing yet.
  if (ack > 1 && segment.payload.size() > 0)
    breaks("I1 told of a connection that the standby lacks", "");
}

}  // namespace poise::tcp::testing
