// Who is there, and which way a datagram goes.
#include "tests/tcp_world/world.h"

#include <array>

namespace poise::tcp::testing {

namespace {

constexpr std::array<const char*, 4> kNames{"client", "first", "second", "witness"};

}  // namespace

World::World(WorldConfig config)
    : Cluster(Instant{}, config.replication),
      config_(std::move(config)),
      chance_(config_.seed, 77) {
  const bool replicated = config_.server.replication.role != Role::alone;
  if (replicated && config_.server.replication.witness) boot_witness();
  boot(Node::client, Role::alone);
  boot(Node::first, replicated ? Role::active : Role::alone);
  if (replicated) boot(Node::second, Role::standby);
}

World::~World() = default;

std::unique_ptr<Host> World::make(Node node, Role role) {
  if (node == Node::client) return std::make_unique<Host>(config_.client);
  HostConfig config = config_.server;
  config.name = kNames[static_cast<std::size_t>(node)];
  config.replication.role = role;
  config.replication.index = node == Node::first ? 0 : 1;
  config.replication.opens = node == Node::second;
  if (config_.application) {
    applications_.push_back(config_.application());
    for (Listener& listener : config.listeners) listener.application = applications_.back().get();
  }
  return std::make_unique<Host>(std::move(config));
}

std::unique_ptr<Witness> World::make_witness() {
  return std::make_unique<Witness>(config_.server.replication);
}

void World::left(Node from, std::span<const std::uint8_t> bytes) {
  if (on_emit) on_emit(from, bytes);
  if (config_.loss > 0 && chance_.uniform() < config_.loss) return;
  std::vector<Node> to;
  if (from != Node::client) {
    to = {Node::client};
  } else if (config_.mirror) {
    to = {Node::first, Node::second};
  } else {
    // The balancer sends to whoever announced itself with the newest epoch; it knows at once.
    const Host* server = active();
    to = {server == replica(1) && server ? Node::second : Node::first};
  }
  for (const Node node : to)
    calendar().enter(now() + config_.wire,
                     [this, node, copy = std::vector(bytes.begin(), bytes.end())]() mutable {
                       deliver(node, std::move(copy));
                     });
}

void World::noticed(Node node, const Notice& notice) {
  notices_.push_back(std::string(kNames[static_cast<std::size_t>(node)]) + " " + notice.kind + " " +
                     notice.subject);
}

}  // namespace poise::tcp::testing
