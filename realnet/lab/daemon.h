// One life of a daemon on a host of the lab: a process in the host's namespace.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "model/time.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

class Daemon {
 public:
  // Starts `command`, found on the PATH unless it is a path, in the namespace `where`; what it
  // prints goes to the file `log`. Throws SystemError when that cannot be tried.
  Daemon(const std::vector<std::string>& command, const std::string& where, std::string log);
  ~Daemon();  // kills
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Becomes readable when it has ended.
  int descriptor() const { return ended_.get(); }
  // SIGKILL, and waits.
  void kill();
  // SIGTERM; come back to wait_until.
  void ask_to_stop();
  // Waits for its end; at this instant (of realnet::now()) kills it. False: it had to.
  bool wait_until(Instant instant);

  // Of itself, with status 0. REQUIRES: it has ended.
  bool ended_well();
  // "ended with status 1: the last line of its log". REQUIRES: it has ended.
  std::string how_it_ended();

 private:
  void reap();

  std::string log_;
  pid_t process_ = -1;  // -1: it has ended
  int status_ = 0;
  Fd ended_;
};

}  // namespace poise::realnet::lab
