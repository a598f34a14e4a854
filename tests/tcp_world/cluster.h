// Two replicas of a server, their witness and a client host on virtual time, with streams between
// them; every replica may die, freeze and return, every stream may be slow, cut or broken. How
// datagrams travel is for a world to say.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/tcp/host/host.h"
#include "model/tcp/replication/witness.h"
#include "tests/world/calendar.h"

namespace poise::tcp::testing {

enum class Node : std::uint8_t { client, first, second, witness };
enum class Link : std::uint8_t { replicas, first_witness, second_witness };  // a stream each

class Cluster {
 public:
  virtual ~Cluster() = default;

  Instant now() const { return calendar_.now(); }
  void run_until(Instant until) { calendar_.run_until(until); }
  void run_for(Duration duration) { run_until(now() + duration); }
  // What is due at the next instant that has anything, if that is not after `limit`.
  bool step(Instant limit);
  // Until nothing is due before `limit`, or `goes_on` says no. Returns whether the latter.
  bool run_while(const std::function<bool()>& goes_on, Instant limit);

  // Machine events so far: packets, messages, timers, streams. `before_event` is called before each
  // with its number, `after_event` behind it, drained.
  std::uint64_t event_count() const { return event_count_; }
  std::function<void(std::uint64_t)> before_event, after_event;

  Host* host(Node node) { return seat(node).host.get(); }  // nullptr: dead, or there is none
  Host* replica(int index) { return host(node_of(index)); }
  Host* active();  // the replica that serves with the newest epoch; nullptr: none
  Witness* witness() { return witness_.get(); }

  // Replicas are 0 and 1.
  // Silent: the host died, nobody is told. Else its streams are hung up (kill -9).
  void crash(int index, bool silent);
  void restart(int index);  // comes back empty, as a standby to be
  void freeze(int index);   // SIGSTOP: sees and says nothing, streams stay
  void thaw(int index);     // SIGCONT: what came meanwhile is seen at once
  void crash_witness();
  void restart_witness();

  void cut(Link link);  // what is said waits, and nobody is told
  void heal(Link link);
  void hang_up(Link link);  // both ends are told; what is under way is lost
  void set_stream_delay(Duration delay) { stream_delay_ = delay; }  // one way, of all streams

  // Runs `call` on a host as an event of its own, drained after it.
  void act(Node node, const std::function<void(Host&)>& call);

  std::uint64_t digest() const;

 protected:
  Cluster(Instant begin, Duration stream_delay);

  static Node node_of(int index) { return index == 0 ? Node::first : Node::second; }
  // Gives a place its host, or its witness, and starts it.
  void boot(Node node, Role role);
  void boot_witness();
  memory::Calendar& calendar() { return calendar_; }
  void deliver(Node to, std::vector<std::uint8_t> bytes);  // a datagram

  virtual std::unique_ptr<Host> make(Node node, Role role) = 0;
  virtual std::unique_ptr<Witness> make_witness() = 0;
  virtual void left(Node from, std::span<const std::uint8_t> bytes) = 0;
  virtual void noticed(Node node, const Notice& notice) = 0;

 private:
  struct Hands;  // carries out what a machine asks
  struct Seat {
    std::unique_ptr<Host> host;
    Instant armed = kNever;
    Instant fired_at = kNever;
    std::uint32_t fired_count = 0, life = 0;
    bool frozen = false;
    std::vector<std::function<void()>> held;  // while frozen
  };
  struct Stream {  // both ways between two nodes
    std::array<Node, 2> ends;
    bool up = false, cut = false;
    std::uint32_t life = 0;
    std::array<Instant, 2> last{};                     // arrival of what was said last, by end
    std::vector<std::pair<Node, std::string>> held{};  // while cut
  };

  Seat& seat(Node node) { return seats_[static_cast<std::size_t>(node)]; }
  Stream& stream(Link link) { return streams_[static_cast<std::size_t>(link)]; }
  bool lives(Node node) const;
  void die(Node node);
  void event(Node node, const std::function<void()>& call);
  void unless_frozen(Node node, std::function<void()> call);
  void drain(Node node);
  void wake_at(Node node, Instant at);
  void send(Node from, const Message& message);
  void arrive(Stream& stream, Node to, std::string bytes);
  void open(Stream& stream, Node from);
  void end(Stream& stream, std::optional<Node> silent_end);
  void tell(Node node, const Stream& stream, PeerEvent what);
  Stream& stream_of(Node from, PeerId peer);
  PeerId peer_of(Node node, const Stream& stream) const;

  memory::Calendar calendar_;
  Duration stream_delay_;
  std::array<Seat, 4> seats_;
  std::unique_ptr<Witness> witness_;
  std::array<Stream, 3> streams_{Stream{{Node::first, Node::second}},
                                 Stream{{Node::first, Node::witness}},
                                 Stream{{Node::second, Node::witness}}};
  std::uint64_t event_count_ = 0;
};

}  // namespace poise::tcp::testing
