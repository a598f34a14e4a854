// A client host, two replicas of a server and their witness, on virtual time, over wires with delay
// and seeded loss; every replica may die, freeze and return, every stream may be cut.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/random.h"
#include "model/tcp/host/host.h"
#include "model/tcp/replication/witness.h"
#include "tests/world/calendar.h"

namespace poise::tcp::testing {

enum class Node : std::uint8_t { client, first, second, witness };

struct WorldConfig {
  Duration wire = std::chrono::milliseconds{1};          // client to servers, one way
  Duration replication = std::chrono::microseconds{50};  // between replicas and witness, one way
  double loss = 0;                                       // of datagrams
  std::uint64_t seed = 1;
  HostConfig client;  // role alone
  HostConfig server;  // of both replicas but for role, index, opens; role alone: there is one
  // Makes each life of a replica its application, which serves all its listeners.
  std::function<std::unique_ptr<Application>()> application;
  bool mirror = false;  // datagrams of clients reach both replicas
};

class World {
 public:
  explicit World(WorldConfig config);

  Instant now() const { return calendar_.now(); }
  void run_until(Instant until);
  void run_for(Duration duration) { run_until(now() + duration); }
  // Until nothing is due before `limit`, or `done` says so. Returns whether done.
  bool run_while(const std::function<bool()>& goes_on, Instant limit);

  // Machine events so far: packets, messages, timers, streams. `before_event` is called before each
  // with its number, `after_event` behind it, drained.
  std::uint64_t event_count() const { return event_count_; }
  std::function<void(std::uint64_t)> before_event, after_event;
  // Every datagram that a host emits, before the wire takes or loses it.
  std::function<void(Node, std::span<const std::uint8_t>)> on_emit;

  Host& client() { return *nodes_[0].host; }
  Host* replica(int index) { return nodes_[static_cast<std::size_t>(index + 1)].host.get(); }
  Host* active();  // the replica that serves with the newest epoch; nullptr: none
  Witness* witness() { return witness_.get(); }
  const std::vector<std::string>& notices() const { return notices_; }

  // Silent: the host died, nobody is told. Else its streams are hung up (kill -9).
  void crash(int index, bool silent);
  void restart(int index);             // comes back empty, as a standby to be
  void freeze(int index);              // SIGSTOP: sees and says nothing, streams stay
  void thaw(int index);                // SIGCONT: what came meanwhile is seen at once
  void cut_replication(bool hang_up);  // between the replicas
  void heal_replication();
  void crash_witness();
  void restart_witness();

  // Runs `call` on a host as an event of its own, drained after it.
  void act(Node node, const std::function<void(Host&)>& call);

  std::uint64_t digest() const;

 private:
  struct Seat {
    std::unique_ptr<Application> application;
    std::unique_ptr<Host> host;
    Instant armed = kNever;
    Instant fired_at = kNever;
    std::uint32_t fired_count = 0, life = 0;
    bool frozen = false;
    std::vector<std::function<void()>> held;  // while frozen
  };
  struct Stream {  // both ways between two nodes
    Node a, b;
    bool up = false, cut = false;
    std::uint32_t life = 0;
    std::vector<std::pair<Node, std::string>> held;  // while cut
  };

  std::unique_ptr<Host> make(Node node, Role role);
  Seat& seat(Node node) { return nodes_[static_cast<std::size_t>(node)]; }
  bool lives(Node node) const;
  void event(Node node, const std::function<void()>& call);
  void drain(Node node);
  void transmit(Node from, std::span<const std::uint8_t> bytes);
  void deliver(Node to, std::vector<std::uint8_t> bytes);
  void send(Node from, const Message& message);
  void arrive(Stream& stream, Node to, std::string bytes);
  void open(Node from, PeerId peer);
  void hang_up(Stream& stream, std::optional<Node> except);
  void peer_event(Node node, const Stream& stream, PeerEvent event);
  Stream* stream_of(Node from, PeerId peer);
  PeerId peer_of(Node node, const Stream& stream) const;
  void wake_at(Node node, Instant at);

  WorldConfig config_;
  memory::Calendar calendar_;
  std::array<Seat, 4> nodes_;
  std::unique_ptr<Witness> witness_;
  std::array<Stream, 3> streams_;
  Rng chance_;
  std::uint64_t event_count_ = 0;
  std::vector<std::string> notices_;
};

}  // namespace poise::tcp::testing
