// Loses packets that arrive at a network device, all of them or by chance, without telling anyone.
#pragma once

#include <string>

#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// An XDP program at the device (generic mode), which the kernel takes away with this object or its
// process. The sender sees nothing: no carrier is lost, no route, no error comes back. Opening and
// closing costs tens of microseconds.
class Shutter {
 public:
  // `where`: a namespace's path. Open: nothing is lost.
  Shutter(std::string where, std::string device);

  // With this probability a packet is lost from now on: 0 none, 1 all. Throws SystemError.
  void lose(double probability);
  double probability() const { return probability_; }

 private:
  std::string where_, device_;
  double probability_ = 0;
  Fd link_;
};

}  // namespace poise::realnet::lab
