// The stage of a scene: machines in the world in memory, and what was seen at each place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/scenes/run.h"
#include "tests/world/memory_world.h"

namespace poise::scene {

// The agents register before the scene begins.
inline constexpr Instant kBegin = instant_from_ns(1'000'000'000);

class Stage : public memory::Observer {
 public:
  Stage(const Scene& scene, std::unique_ptr<memory::Seats> seats);
  Report play();

 private:
  // What became of the last datagram that was sent.
  struct Fate {
    std::optional<Verdict> verdict;
    std::vector<std::size_t> reached;  // agents whose host's stack got something
    std::vector<memory::Bytes> left;
  };

  void balanced(std::size_t, std::span<const std::uint8_t>, Verdict,
                std::span<const std::uint8_t>) override;
  void received(std::size_t, std::span<const std::uint8_t>, Verdict,
                std::span<const std::uint8_t>) override;
  void left(std::span<const std::uint8_t>) override;
  void noticed(const std::string&, const Notice&) override;
  void answered(PeerId, const std::string*) override;
  void overdue(const std::string& machine) override { fail(0, machine + " is overdue"); }

  void play(const Step& step);
  void send(const Step& step);
  void order(const Step& step);
  void server(const Step& step);
  void host(const Step& step);
  void check_state(const Step& step);
  void check_count(const Step& step);
  void check_notice(const Step& step);
  void check_seen(const Step& step);
  void check_heard(const Step& step);
  void flood(const Step& step);
  void check(const Step& step, const Outcome& outcome);
  void check_reached(const Outcome& outcome);
  std::string what_happened() const;

  std::size_t balancer(const std::string& name) const;
  std::size_t agent(const std::string& name) const;
  std::string resolve(const std::string& name) const;
  const Counters& counters(const Step& step) const;
  void fail(int line, const std::string& what);
  void note(const std::string& text);
  void sight(const std::string& place, std::span<const std::uint8_t> bytes);

  const Scene& scene_;
  memory::MemoryWorld world_;
  Report report_;
  Fate fate_;
  const Counters* sender_ = nullptr;  // of the balancer or agent that decides about it
  std::map<std::string, std::uint64_t> before_;
  std::map<std::string, std::string> variables_;
  std::map<std::string, std::deque<std::string>> seen_;  // by place
  std::map<std::string, PeerId> strangers_;
  std::map<PeerId, std::string> heard_;  // bytes so far; '\x04': the end
  std::deque<std::string> notices_;
  std::string probe_;  // the nonce of the last probe to a stranger's address
};

}  // namespace poise::scene
