// What a script configures becomes hosts; the network that it plays.
#include "tests/tcp_scripts/machines.h"

#include "tests/scenes/text.h"
#include "tests/tcp_scripts/application.h"

namespace poise::tcp::script {

using testing::Node;

Machines::Machines(const Setup& setup, Observer& observer)
    : Cluster(kBegin - std::chrono::seconds{1}, setup.replication_delay),
      setup_(setup),
      observer_(observer) {
  if (setup.is_pair && setup.replication.witness) boot_witness();
  boot(Node::first, setup.is_pair ? Role::active : Role::alone);
  if (setup.is_pair) boot(Node::second, Role::standby);
  run_until(kBegin);
}

Machines::~Machines() = default;

std::unique_ptr<Host> Machines::make(Node node, Role role) {
  applications_.push_back(make_application(setup_.application));
  Listener listener;
  listener.local = ends_of(setup_).ours;
  listener.application = applications_.back().get();
  listener.connection = setup_.connection;
  listener.connection.mtu = mtu_of(setup_, setup_.connection.mtu);
  HostConfig config;
  config.name = node == Node::first ? "a" : "b";
  config.listeners = {listener};
  config.connection_count_max = setup_.connection_count_max;
  config.chunk_count = setup_.chunk_count;
  config.half_open_count_max = setup_.half_open_count_max;
  config.held_packets_max = setup_.mirror ? 64 : 0;
  config.secret = {0x0123456789abcdef, 0xfedcba9876543210};
  if (setup_.is_pair) {
    config.replication = setup_.replication;
    config.replication.role = role;
    config.replication.index = node == Node::first ? 0 : 1;
    config.replication.opens = node == Node::first;
  }
  return std::make_unique<Host>(std::move(config));
}

std::unique_ptr<Witness> Machines::make_witness() {
  return std::make_unique<Witness>(setup_.replication);
}

void Machines::left(Node from, std::span<const std::uint8_t> bytes) {
  observer_.left(now(), from == Node::first ? 0 : 1, bytes);
}

void Machines::noticed(Node node, const Notice& notice) {
  if (notice.kind == "active" && node != Node::witness) {
    const std::uint64_t epoch = scene::number(notice.subject, UINT64_MAX);
    if (epoch >= serving_epoch_) {
      serving_epoch_ = epoch;
      serving_ = node == Node::first ? 0 : 1;
    }
  }
  observer_.noticed(now(), node, notice);
}

void Machines::deliver(std::span<const std::uint8_t> bytes) {
  for (const int index : {0, 1})
    if (index == serving_ || setup_.mirror)
      Cluster::deliver(node_of(index), {bytes.begin(), bytes.end()});
}

}  // namespace poise::tcp::script
