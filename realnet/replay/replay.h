// Feeds the record of a real daemon to the same machine offline, and compares every output.
#pragma once

#include <cstdint>
#include <string>

#include "model/balancer/record.h"

namespace poise::realnet {

struct RecordReplay {
  RecordedMachine machine = RecordedMachine::balancer;
  bool identical = false;  // every output, byte for byte, and (when it ended) the digest at the end
  bool ended = false;      // false: the daemon was killed; what was written is compared
  std::uint64_t events = 0;
  std::uint64_t packets = 0;
  std::uint64_t diverged_at = 0;  // the first event, counted from 1, whose outputs differ; 0: none

  // A sentence for people.
  std::string to_string() const;
};

// `settings`: a file of the daemon's settings; empty: RECORD.toml, which the daemon wrote.
// Throws SystemError (a file cannot be read, or is no record, or is of other settings) and
// SettingsError.
RecordReplay replay_record(const std::string& record, const std::string& settings = {});

}  // namespace poise::realnet
