// The path of an operator's socket: locked, bound, moved into place, taken away.
#include "realnet/control/operator_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

constexpr int kBacklog = 64;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    throw SystemError("use " + path + " as a socket", "a path of 1 to 107 characters is needed");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

Fd unix_socket(const std::string& attempt) {
  return Fd(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), attempt));
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

OperatorSocket::OperatorSocket(const std::string& path) : path_(path) {
  address_of(path_ + ".new");
  lock();
  make_way();
  listen();
}

OperatorSocket::~OperatorSocket() {
  ::unlink(path_.c_str());  // ours: nobody else binds it while we hold the lock
  ::unlink((path_ + ".lock").c_str());
}

// A lock file that was unlinked between our open and our flock guards nothing: then again.
void OperatorSocket::lock() {
  const std::string name = path_ + ".lock";
  const std::string attempt = "bind " + path_;
  while (true) {
    Fd file(checked(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600),
                    "open " + name));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) throw SystemError(attempt, "another daemon listens on it");
      throw SystemError("lock " + name, errno);
    }
    struct stat ours {};
    struct stat there {};
    if (::fstat(file.get(), &ours) == 0 && ::lstat(name.c_str(), &there) == 0 &&
        same_file(ours, there)) {
      lock_ = std::move(file);
      return;
    }
  }
}

// Somebody may listen there without a lock; a socket on which nobody does is a dead daemon's.
void OperatorSocket::make_way() const {
  struct stat there {};
  if (::lstat(path_.c_str(), &there) != 0) return;
  std::string why;
  if (!S_ISSOCK(there.st_mode)) why = "a file that is no socket is in the way";
  if (why.empty() && (connect_to(path_) || errno != ECONNREFUSED))
    why = "another daemon listens on it";
  if (why.empty()) return;
  ::unlink((path_ + ".lock").c_str());
  throw SystemError("bind " + path_, why);
}

void OperatorSocket::listen() {
  const std::string attempt = "bind " + path_;
  const std::string name = path_ + ".new";
  socket_ = unix_socket(attempt);
  ::unlink(name.c_str());
  const sockaddr_un address = address_of(name);
  const bool bound =
      ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::chmod(name.c_str(), 0600) == 0 && ::listen(socket_.get(), kBacklog) == 0 &&
      ::rename(name.c_str(), path_.c_str()) == 0;
  if (bound) return;
  const int why = errno;
  ::unlink(name.c_str());
  ::unlink((path_ + ".lock").c_str());
  throw SystemError(attempt, why);
}

Fd OperatorSocket::accept() const {
  return Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

Fd connect_to(const std::string& path) {
  const sockaddr_un address = address_of(path);
  Fd fd = unix_socket("connect to " + path);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  const int why = errno;
  fd.reset();
  errno = why;
  return fd;
}

}  // namespace poise::realnet
