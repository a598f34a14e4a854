// A world in memory: Balancers, Agents on backends' hosts and clients, on virtual time, over wires
// that lose, repeat, delay and reorder datagrams, and streams that arrive cut anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "model/machine.h"
#include "model/policy/policy.h"
#include "model/random.h"
#include "tests/world/calendar.h"
#include "tests/world/seat.h"

namespace poise::memory {

using Bytes = std::vector<std::uint8_t>;

// What a wire does; drawn anew for every datagram and every piece of a stream.
struct WireFaults {
  Duration delay_min{};
  Duration delay_max{};  // what lies between reorders datagrams; streams keep their order
  double loss = 0;       // of a datagram
  double duplicate = 0;  // of a datagram
  double cut = 0;        // how likely a stream's bytes are cut after any byte
};

// How a host ends: its kernel hangs up on every stream, or nothing is heard of it any more.
enum class Death : std::uint8_t { hangs_up, silent };

// What a test learns while the world runs. Spans are good for the call.
class Observer {
 public:
  virtual ~Observer() = default;
  // A balancer was given `before`, decided, and left `after`.
  virtual void balanced(std::size_t, std::span<const std::uint8_t>, Verdict,
                        std::span<const std::uint8_t>) {}
  // A burst went the same way, all at once.
  virtual void burst_balanced(std::size_t, const std::vector<Bytes>&, std::span<const Verdict>,
                              const std::vector<Bytes>&) {}
  // An agent was given `before`, decided, and left `after`; with forward, that reached the host.
  virtual void received(std::size_t, std::span<const std::uint8_t>, Verdict,
                        std::span<const std::uint8_t>) {}
  // A datagram left for an address that is no host of ours: a client's.
  virtual void left(std::span<const std::uint8_t>) {}
  virtual void noticed(const std::string&, const Notice&) {}
  // Bytes, or with nullptr the end, that a balancer sent to a stranger's stream.
  virtual void answered(PeerId, const std::string*) {}
  // A machine took an event and was drained; nothing of it is due before a later instant.
  virtual void balancer_settled(std::size_t) {}
  virtual void agent_settled(std::size_t) {}
  // A machine broke the contract of model/machine.h: after a drain its deadline was not in the
  // future.
  virtual void overdue(const std::string&) {}
};

// What a balancer's daemon keeps so that the next one can go on: the memory of its flows, and its
// members as they were when they last changed.
struct Estate {
  Bytes membership;
  std::uint64_t version = ~std::uint64_t{0};

  LentMemory lend(const BalancerConfig& config, std::uint64_t life);
  void write(Instant now, const Balancer& balancer);
  Bytes read(Instant now) const;

 private:
  std::vector<std::byte> memory_;
  std::span<std::byte> region_;
};

template <class M>
struct Host {
  std::string name;
  Address address;
  M* machine = nullptr;     // null: the host is dead
  std::uint32_t life = 0;   // counts its starts
  bool is_cut_off = false;  // partitioned
  Instant wake = kNever;
  std::unique_ptr<Seat<M>> seat;  // what happens to the machine is recorded when the world says so
  std::unique_ptr<RecordWriter> writer;
  Bytes record;  // of the present life
};

class MemoryWorld {
 public:
  MemoryWorld(std::uint64_t seed, WireFaults faults, Observer& observer,
              std::unique_ptr<Seats> seats = std::make_unique<Seats>());

  // The next index; the machine starts when told.
  std::size_t add_balancer(BalancerConfig config, policy::Config policy);
  std::size_t add_agent(AgentConfig config);
  void start_balancer(std::size_t balancer);  // REQUIRES: it is dead
  void start_agent(std::size_t agent);        // REQUIRES: it is dead
  // Ends at once, whatever it was doing; its kernel hangs up on every stream; the next life begins
  // in the same instant, with what this one left behind. REQUIRES: it lives.
  void restart_balancer(std::size_t balancer);
  void kill_balancer(std::size_t balancer, Death death);
  void kill_agent(std::size_t agent, Death death);
  void set_cut_off_balancer(std::size_t balancer, bool cut) {
    balancers_[balancer].is_cut_off = cut;
  }
  void set_cut_off_agent(std::size_t agent, bool cut) { agents_[agent].is_cut_off = cut; }
  void set_faults(WireFaults faults) { faults_ = faults; }
  // From the next start of a machine on.
  void keep_records() { keeps_records_ = true; }
  // Replays the record of a machine's present life, which ends there. REQUIRES: it lives.
  ReplayReport replay_balancer(std::size_t balancer);
  ReplayReport replay_agent(std::size_t agent);

  // A datagram of a client on its way to a balancer (or an agent's host), over a faulty wire.
  void send_to_balancer(std::size_t balancer, Bytes bytes);
  void send_to_agent(std::size_t agent, Bytes bytes);
  // Datagrams that arrive at a balancer now, as one burst of at most kBurst.
  void burst(std::size_t balancer, std::vector<Bytes> datagrams);
  // What the host's own stack sends from a VIP: through the agent, then to the client.
  void reply(std::size_t agent, Bytes bytes);

  // Orders; nullopt when the machine is dead.
  std::optional<CommandResult> order_balancer(std::size_t balancer, const Command& command);
  std::optional<CommandResult> order_agent(std::size_t agent, const Command& command);
  // What a server says of itself to the agent on its host; nothing when that is dead.
  void announce(std::size_t agent, const ReplicaStatus& status);

  // A control stream of somebody who is no agent, to a balancer; answers come to the observer.
  PeerId stranger(std::size_t balancer);
  void stranger_says(std::size_t balancer, PeerId peer, std::string bytes);
  void stranger_leaves(std::size_t balancer, PeerId peer);

  void run_until(Instant until) { calendar_.run_until(until); }
  void at(Instant when, std::function<void()> event) { calendar_.enter(when, std::move(event)); }
  Instant now() const { return calendar_.now(); }

  const std::deque<Host<Balancer>>& balancers() const { return balancers_; }
  const std::deque<Host<Agent>>& agents() const { return agents_; }
  std::optional<std::size_t> agent_at(const Address& address) const;
  // Of every living machine.
  std::uint64_t digest() const;

 private:
  enum Side : std::size_t { agent_side, balancer_side };
  // One control stream. A piece of nullopt is its end.
  struct Stream {
    std::size_t agent = 0, balancer = 0;
    std::uint32_t agent_life = 0, balancer_life = 0;
    PeerId at_balancer = 0;
    bool is_stranger = false;
    std::array<bool, 2> open{};                                    // by Side: it still takes events
    std::array<std::deque<std::optional<std::string>>, 2> pieces;  // by receiving Side
    std::array<Instant, 2> latest{};                               // arrivals stay in order
  };
  struct BalancerPorter;
  struct AgentPorter;

  Duration draw_delay();
  void fly(Bytes bytes, std::function<void(Bytes)> arrive);
  void route(std::span<const std::uint8_t> bytes, bool cut_off);
  void arrive_at_balancer(std::size_t balancer, const Bytes& bytes);
  void arrive_at_agent(std::size_t agent, const Bytes& bytes);
  Packet lend(std::span<const std::uint8_t> bytes, std::size_t slot = 0);

  void open_balancer(std::size_t balancer);
  template <class M>
  RecordWriter* open_record(Host<M>& host, RecordedMachine machine);
  template <class M>
  static void leave(Host<M>& host);
  Instant in_future(const std::string& machine, Instant deadline);
  void settle_balancer(std::size_t balancer);
  void settle_agent(std::size_t agent);
  void wake_balancer(std::size_t balancer, Instant at);
  void wake_agent(std::size_t agent, Instant at);

  std::size_t agent_stream(std::size_t agent, PeerId peer) const;
  std::size_t balancer_stream(std::size_t balancer, PeerId peer) const;
  void open_stream(std::size_t agent, PeerId peer);
  void connect(std::size_t stream);
  void say(std::size_t stream, Side to, std::string bytes);
  void hang_up(std::size_t stream, Side by);
  void push(std::size_t stream, Side to, std::optional<std::string> piece);
  void deliver(std::size_t stream, Side to);
  void give(std::size_t stream, Side to, const std::string* piece);  // nullptr: the end
  bool is_alive(const Stream& stream, Side side) const;
  bool is_cut(const Stream& stream) const;

  Rng rng_;
  WireFaults faults_;
  Observer& observer_;
  std::unique_ptr<Seats> seats_;
  Calendar calendar_;
  std::deque<Host<Balancer>> balancers_;
  std::deque<Host<Agent>> agents_;
  std::deque<Estate> estates_;  // by balancer
  std::vector<BalancerConfig> balancer_configs_;
  std::vector<policy::Config> policies_;
  std::vector<AgentConfig> agent_configs_;
  std::vector<Stream> streams_;
  PeerId next_peer_ = 1;
  bool keeps_records_ = false;
  std::vector<std::uint8_t> memory_;  // of the packets that are lent
};

}  // namespace poise::memory
