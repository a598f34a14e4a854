// Watches a world of two replicas after every event: the invariants that no crash may break.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/hash.h"
#include "tests/tcp_world/world.h"

namespace poise::tcp::testing {

// What is broken is kept, in words (at most the first few); the run goes on.
//   I1  no acknowledgment of what the standby lacks          I5  one speaker an epoch, none of an
//   I2  every byte of the stream is the known one, and           older one after a newer
//       the standby has it before it is sent                 I7  no reset
//   I3  the right edge of the window never moves left        I8  FIN at one place
//   I4  timestamps never run backwards                       I10 the log is bounded
// I6 (the streams at both ends), I9 (progress) and I11 (repeats) are the run's to check.
class Watch {
 public:
  // Watches datagrams of `world`; both outlive the runs of it.
  Watch(World& world, std::uint64_t log_size_max);

  void after_event();  // for the world to call
  const std::vector<std::string>& broken() const { return broken_; }
  std::uint64_t emitted() const { return emitted_; }  // digest of all datagrams of the servers

 private:
  struct Log {  // of a protected active
    bool is_kept = false;
    Lsn logged = 0, committed = 0;
    std::uint64_t size = 0;
  };
  struct Flow {
    std::optional<Seq> iss, irs;
    std::uint8_t scale = 0;  // of the windows that the server tells
    std::optional<Position> edge, fin;
    std::optional<std::uint32_t> timestamp;
  };

  void on_emit(Node from, std::span<const std::uint8_t> bytes);
  void on_client_segment(const FlowKey& key, const Segment& segment);
  void on_server_segment(Node from, const FlowKey& key, const Segment& segment);
  void check_committed(Node from, const Segment& segment, const Flow& flow);
  void check_speaker(Node from);
  void breaks(const char* what, const std::string& detail);

  World& world_;
  std::uint64_t log_size_max_;
  std::array<Log, 2> logs_;
  std::map<FlowKey, Flow> flows_;
  std::uint64_t newest_epoch_ = 0;
  std::optional<Node> speaker_;
  std::vector<std::string> broken_;
  Digest digest_;
  std::uint64_t emitted_ = 0;
};

}  // namespace poise::tcp::testing
