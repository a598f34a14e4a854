// Where a script's machines stand: one host, or two replicas and a witness; virtual time, streams
// between them that can be slow, cut or broken, and crashes.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "model/tcp/host/host.h"
#include "model/tcp/replication/witness.h"
#include "tests/tcp_scripts/setup.h"

namespace poise::tcp::script {

inline constexpr std::size_t kWitness = 2;  // replicas are 0 ("a") and 1 ("b")
inline constexpr Instant kBegin = instant_from_ns(100'000'000'000);

// What the stage hears.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void left(Instant at, std::size_t host, std::span<const std::uint8_t> bytes) = 0;
  virtual void noticed(Instant at, std::size_t machine, const Notice& notice) = 0;
};

class Machines {
 public:
  Machines(const Setup& setup, Observer& observer);
  ~Machines();

  Instant now() const { return now_; }
  // All that happens until then, and then it is then.
  void run_until(Instant until);
  // The next thing that happens, if it does until then; false when nothing does.
  bool step(Instant until);

  // The network brings the VIP's packets to whoever was last heard to become active.
  std::size_t serving() const { return serving_; }
  void deliver(std::span<const std::uint8_t> bytes);
  // Null while it is crashed. After using it: drain(index).
  Host* host(std::size_t index) { return hosts_[index].host.get(); }
  void drain(std::size_t machine);

  void crash(std::size_t index, bool loudly);  // loudly: its streams end at once
  void restart(std::size_t index);             // with nothing, as a standby
  void pause(std::size_t index);               // stopped: it wakes with all that came
  void wake(std::size_t index);

  // Streams: between the replicas (0), of each replica to the witness (1, 2).
  void cut(std::size_t link);  // what is said waits
  void heal(std::size_t link);
  void break_stream(std::size_t link);  // ends, what is under way is lost
  void set_delay(Duration delay) { delay_ = delay; }

  std::uint64_t digest() const;

 private:
  struct Seat {
    std::unique_ptr<Application> application;
    std::unique_ptr<Host> host;
    std::unique_ptr<Witness> witness;
    Instant wake_at = kNever;
    bool is_paused = false;
    std::vector<std::function<void()>> backlog;
  };
  struct Link {
    std::size_t ends[2];
    bool is_up = false, is_cut = false, is_asked = false;
    int life = 0;
    std::array<Instant, 2> last{};
    std::deque<std::function<void()>> held{};
  };
  struct Event {
    Instant at;
    std::uint64_t order;
    std::function<void()> happen;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  struct Hands;  // carries out what a machine asks

  HostConfig config_of(std::size_t index, Role role, Application* application) const;
  void start(std::size_t index, Role role);
  void after(Duration delay, std::function<void()> happen);
  // To a machine that may be paused or crashed by then.
  void to(std::size_t machine, std::function<void()> event);
  void carry_out(std::size_t from, const Message& message);
  void open(std::size_t link);
  void end_stream(std::size_t link, std::size_t hears);  // which of its ends
  std::optional<std::size_t> other_end(std::size_t link, std::size_t machine) const;
  void tell_peer(std::size_t link, std::size_t end, PeerEvent event);
  std::size_t link_of(std::size_t machine, PeerId peer) const;
  PeerId peer_of(std::size_t link, std::size_t end) const;
  bool lives(std::size_t machine) const;

  const Setup& setup_;
  Observer& observer_;
  Instant now_ = kBegin - std::chrono::seconds{1};
  Duration delay_;
  std::array<Seat, 3> hosts_;
  std::array<Link, 3> links_{Link{{0, 1}}, {{0, kWitness}}, {{1, kWitness}}};
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  std::size_t serving_ = 0;
  std::uint64_t serving_epoch_ = 0;
};

}  // namespace poise::tcp::script
