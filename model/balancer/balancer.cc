// The two halves put together: packets to the data path, everything else to the registrar.
#include "model/balancer/balancer.h"

#include <algorithm>

#include "model/hash.h"

namespace poise {

Balancer::Balancer(BalancerConfig config, std::unique_ptr<policy::Policy> policy, LentMemory memory)
    : config_(std::move(config)),
      backends_({.count_max = config_.backend_count_max, .slow_start = config_.slow_start}),
      data_path_(config_, backends_, counters_, std::move(policy), memory),
      registrar_(config_, backends_, counters_, data_path_),
      life_(memory.life) {
  data_path_.rebuild();
}

std::size_t Balancer::memory_size(const BalancerConfig& config) {
  return FlowTable::memory_size(DataPath::table_config(config));
}

Verdict Balancer::on_packet(Instant now, Packet& packet) noexcept {
  return data_path_.on_packet(now, packet);
}

void Balancer::on_burst(Instant now, std::span<Packet> packets,
                        std::span<Verdict> verdicts) noexcept {
  data_path_.on_burst(now, packets, verdicts);
}

void Balancer::on_peer(Instant now, PeerId peer, PeerEvent event) {
  registrar_.on_peer(now, peer, event);
  settle();
}

void Balancer::on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
  registrar_.on_message(now, peer, bytes);
  settle();
}

CommandResult Balancer::on_command(Instant now, const Command& command) {
  const CommandResult result = registrar_.on_command(now, command);
  settle();
  return result;
}

void Balancer::on_timer(Instant now) {
  data_path_.expire(now);
  backends_.advance(now);
  registrar_.on_timer(now);
  settle();
}

void Balancer::on_flow_counts(Instant, std::span<const FlowCount> flows) {
  registrar_.on_flow_counts(flows);
}

void Balancer::settle() {
  if (backends_.version() != built_version_)
    data_path_.rebuild();
  else if (backends_.paths_version() != built_paths_)
    data_path_.retarget();
  built_version_ = backends_.version();
  built_paths_ = backends_.paths_version();
}

std::optional<Packet> Balancer::next_transmit() {
  return data_path_.next_transmit();
}

std::optional<Message> Balancer::next_message() {
  return registrar_.next_message();
}

std::optional<Notice> Balancer::next_notice() {
  return registrar_.next_notice();
}

Instant Balancer::next_deadline() const {
  return std::min(
      {registrar_.next_deadline(), backends_.next_deadline(), data_path_.next_expiry()});
}

std::uint64_t Balancer::digest() const {
  return Digest()
      .add(counters_.digest())
      .add(backends_.digest())
      .add(data_path_.digest())
      .add(registrar_.digest())
      .value();
}

}  // namespace poise
