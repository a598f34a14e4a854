// What holds for everything that leaves, whatever a script expects.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace poise::tcp::script {

// Over all replicas: the right edge of a window never moves left (rule R6), timestamps never run
// backwards (R8), and after one spoke in an epoch nobody speaks in an older one (R14). Throws
// scene::Wrong. (That every byte is the stream's, decode() looks at.)
class Laws {
 public:
  explicit Laws(bool is_pair) : is_pair_(is_pair) {}
  void check(std::span<const std::uint8_t> bytes, int replica, std::uint64_t epoch);
  void forget(std::uint16_t port) { flows_.erase(port); }  // another connection takes its numbers

 private:
  struct Flow {
    std::optional<std::uint32_t> edge, timestamp;
    std::uint8_t scale = 0;
  };
  void check_edge(Flow& flow, const std::uint8_t* tcp);
  void check_options(Flow& flow, std::span<const std::uint8_t> options, bool is_syn);

  bool is_pair_;
  std::map<std::uint16_t, Flow> flows_;
  std::uint64_t epoch_ = 0;
  int speaker_ = 0;
};

}  // namespace poise::tcp::script
