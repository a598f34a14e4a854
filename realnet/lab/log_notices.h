// The notices of a machine, as its daemon's log has them (realnet/daemon/log).
#pragma once

#include <string>
#include <vector>

#include "model/machine.h"
#include "model/time.h"

namespace poise::realnet::lab {

struct LoggedNotice {
  Instant at;  // on realnet's clock, to a millisecond
  Notice notice;
};

// In the order of the file; lines of other kinds are passed over. A file that cannot be read has
// none.
std::vector<LoggedNotice> notices_in_log(const std::string& path);

}  // namespace poise::realnet::lab
