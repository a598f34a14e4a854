// Network namespaces: made, entered, given back. What the lab and the tests stand on.
#pragma once

#include <string>

#include "realnet/system/fd.h"

namespace poise::realnet {

// Moves this thread into a network namespace and back when it goes out of scope. Sockets opened
// meanwhile stay in it.
class EnterNamespace {
 public:
  // `path`: "/run/netns/NAME", "/proc/PID/ns/net". Throws SystemError.
  explicit EnterNamespace(const std::string& path);
  ~EnterNamespace();
  EnterNamespace(const EnterNamespace&) = delete;
  EnterNamespace& operator=(const EnterNamespace&) = delete;

 private:
  Fd before_;
};

}  // namespace poise::realnet
