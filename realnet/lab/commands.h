// Lines for `ip -batch` and `tc -batch`, gathered by namespace and run side by side.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// One `ip -batch` or `tc -batch` that runs: what it said is kept until it has ended.
class RunningBatch {
 public:
  // `tool`: "ip" or "tc"; `where`: a namespace's name; empty: this process's own.
  RunningBatch(const char* tool, const std::string& where, const std::string& lines);
  ~RunningBatch();
  RunningBatch(RunningBatch&& other) noexcept;
  RunningBatch& operator=(RunningBatch&&) = delete;

  // Becomes readable when it has ended.
  int descriptor() const { return ended_.get(); }
  // Waits for its end; throws SystemError with the line that failed, and why.
  void finish();

 private:
  std::string attempt_, lines_;
  pid_t process_ = -1;
  Fd ended_, complaints_;
};

// In each namespace, in the order given, what `ip` has to do comes before what `tc` has to do.
class Commands {
 public:
  void ip(const std::string& where, const std::string& line);
  void tc(const std::string& where, const std::string& line);
  bool empty() const { return ip_.empty() && tc_.empty(); }

  // Runs all and forgets them.
  void run();
  // Starts all of `ip`'s, and forgets them. REQUIRES: there are none of tc's.
  std::vector<RunningBatch> start();

 private:
  using Batches = std::vector<std::pair<std::string, std::string>>;  // namespace, lines
  static void add(Batches& batches, const std::string& where, const std::string& line);
  static void run(const char* tool, Batches& batches);

  Batches ip_, tc_;
};

}  // namespace poise::realnet::lab
