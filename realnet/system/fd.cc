// A file descriptor that closes itself.
#include "realnet/system/fd.h"

#include <unistd.h>

namespace poise::realnet {

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace poise::realnet
