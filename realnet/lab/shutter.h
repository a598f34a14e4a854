// Loses packets that arrive at a network device, all of them or by chance, without telling anyone.
#pragma once

#include <string>

#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// An XDP program at the device (generic mode), which the kernel takes away with this object or its
// process. The sender sees nothing: no carrier is lost, no route, no error comes back.
class Shutter {
 public:
  // `where`: a namespace's path. Open: nothing is lost.
  Shutter(std::string where, std::string device);

  // Puts the program in place, open. The kernel waits until no processor is in the middle of a
  // packet: 8 to 50 ms, and this thread with it. Throws SystemError.
  void mount();

  // With this probability a packet is lost from now on: 0 none, 1 all. Some microseconds where it
  // is mounted; mounts it where it is not and something is to be lost. Throws SystemError.
  void lose(double probability);

 private:
  std::string where_, device_;
  double probability_ = 0;
  Fd threshold_;  // a map of one entry, which the program compares chance with
  Fd link_;
};

}  // namespace poise::realnet::lab
