// One run with one fault after one of its events, and what it broke.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "tests/tcp_crash/watch.h"
#include "tests/tcp_world/world.h"

namespace poise::tcp::testing {

enum class Traffic : std::uint8_t { echo, download, upload };
enum class Fault : std::uint8_t {
  none,
  kill_active,  // its process: streams are hung up
  lose_active,  // its host: nobody is told
  lose_standby,
  cut_replication,  // both live on
  freeze_active,    // wakes 60 ms later, long after its lease
  kill_twice,       // and the other one, when a new standby protects it
  lose_witness,     // for 40 ms, and the active with it 5 ms later
};
inline constexpr int kFaultCount = 8;

struct Case {
  Traffic traffic = Traffic::echo;
  Fault fault = Fault::none;
  CommitPolicy policy = CommitPolicy::output;
  std::uint64_t seed = 1;  // of the wires' losses
  double loss = 0;
  bool mirror = false;
  std::uint64_t after = 0;  // the fault comes after this event, counted from the client's start
};
std::string to_string(const Case& crash);

struct Outcome {
  std::vector<std::string> broken;
  std::uint64_t events = 0;   // machine events until the client had all
  std::uint64_t emitted = 0;  // digest of all that the servers sent
};
// Writes every datagram and notice to `story`, if there is one.
Outcome run(const Case& crash, std::ostream* story = nullptr);

}  // namespace poise::tcp::testing
