// A process in namespaces of its own, which takes all that lives in them with it when it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "realnet/system/fd.h"

namespace poise::realnet::lab {

//   caller --fork--> warden --fork--> the first of its PID namespace --fork--> inmate
//
// The inmate has PID, mount and network namespaces of its own, and an empty /run. When any of the
// four ends, by whatever signal, the kernel ends those behind it and every process of the PID
// namespace, and with the last of them the named network namespaces and everything else under /run
// are gone: nobody has to clean up. Needs CAP_SYS_ADMIN.
class Enclosure {
 public:
  // What the inmate tells the caller.
  class Report {
   public:
    virtual ~Report() = default;
    virtual void progress(double fraction) = 0;
    virtual void result(std::span<const std::uint8_t> bytes) = 0;
    virtual void error(const std::string& why) = 0;
  };

  // The inmate calls `body` and ends, without running any destructor or handler of this process.
  // Throws SystemError when it cannot fork. REQUIRES: `body` is in no need of other threads, or of
  // an interpreter that this process may have.
  explicit Enclosure(const std::function<void(Report&)>& body);
  ~Enclosure();  // kills
  Enclosure(const Enclosure&) = delete;
  Enclosure& operator=(const Enclosure&) = delete;

  // Until the inmate has ended. `on_progress` when the fraction changed, `go_on` at least every 50
  // ms: false kills, and gives false.
  bool wait(const std::function<void(double)>& on_progress, const std::function<bool()>& go_on);

  // After wait().
  std::vector<std::uint8_t> result() const;  // empty: it did not come to one
  std::string error() const;                 // empty: it did not tell of one
  std::string stderr_tail() const;           // the last 4 KiB
  int signal() const { return signal_; }     // that ended it; 0: none
  int exit_code() const { return exit_code_; }

 private:
  struct Shared;
  class Inmate;
  int guard(const std::function<void(Report&)>& body);
  void end();
  void reap();

  Shared* shared_ = nullptr;  // memory of both sides
  Fd result_, error_, stderr_, alive_;
  pid_t warden_ = -1;
  int signal_ = 0, exit_code_ = 0;
};

}  // namespace poise::realnet::lab
