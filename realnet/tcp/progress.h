// A pipe on which servers tell who runs them, on the same host, how far their clients' uploads are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/time.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// Of one connection. It may be told to a process of the same build alone.
struct Progress {
  std::int64_t at_ns = 0;      // of realnet::now()
  std::uint64_t received = 0;  // bytes that the application took in, since the connection began
  std::uint32_t client = 0;    // IPv4, in host order
  std::uint32_t port = 0;      // the client's
};

class ProgressWriter {
 public:
  // Throws SystemError, also when nobody reads the pipe.
  explicit ProgressWriter(const std::string& path);

  // Never waits: what finds no room is left out, for a later one says more.
  void tell(const Progress& progress) noexcept;

 private:
  Fd pipe_;
};

class ProgressReader {
 public:
  explicit ProgressReader(const std::string& path);  // makes the pipe; throws SystemError

  int descriptor() const { return pipe_.get(); }
  // What has come; empty: nothing has.
  std::vector<Progress> read();

 private:
  Fd pipe_;
};

}  // namespace poise::realnet
