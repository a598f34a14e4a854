// The path of an operator's socket: one daemon's, and nobody else's.
#pragma once

#include <string>

#include "realnet/system/fd.h"

namespace poise::realnet {

// A listening Unix stream socket of mode 0600. It has its mode before it has its name: it is bound
// under another one and moved. PATH.lock is held while it lives, so of two daemons that start at
// once one fails; what a dead one left is replaced. Both files go with it.
class OperatorSocket {
 public:
  // Throws SystemError: "bind PATH: another daemon listens on it", "bind PATH: Permission denied",
  // "bind PATH: a file that is no socket is in the way".
  explicit OperatorSocket(const std::string& path);
  ~OperatorSocket();
  OperatorSocket(const OperatorSocket&) = delete;
  OperatorSocket& operator=(const OperatorSocket&) = delete;

  // Without blocking. -1 with errno: nobody waits, or what accept4 says.
  Fd accept() const;
  int get() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  void lock();
  void make_way() const;
  void listen();

  std::string path_;
  Fd lock_;
  Fd socket_;
};

// A connected Unix stream socket that does not block; none, with errno: nobody is there
// (ECONNREFUSED, ENOENT), or too many others are (EAGAIN). Throws SystemError for a path that no
// socket can have.
Fd connect_to(const std::string& path);

}  // namespace poise::realnet
