// Writes what passes a host's devices to a pcap file (model/wire/pcap.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/time.h"
#include "realnet/lab/traffic/loop.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// IPv4 datagrams as they leave and arrive, the loopback's left out, with the kernel's instants in
// the run's time. As always on Linux: checksums may be unfinished, several segments may still be
// one, and what a shutter loses has left but has not arrived.
class Capture {
 public:
  // From the run's time zero on, in which it must stand. `where`: a namespace's path; `name` and
  // `file`: where to write. Keeps a reference to the loop. Throws SystemError, also later when the
  // file cannot be written.
  Capture(const std::string& where, std::string name, Fd file, Loop& loop);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Writes what is left; gives how many datagrams came too fast to be captured. Call once.
  std::uint64_t finish();

 private:
  // False: nothing waits that was seen until the end.
  bool read_one(Duration clocks_apart, Instant end);
  void read();
  void put(std::span<const std::uint8_t> bytes);
  void flush();

  Loop& loop_;
  std::string name_;
  Fd file_;
  Fd socket_;
  std::vector<std::uint8_t> datagram_;
  std::vector<std::uint8_t> unwritten_;
};

}  // namespace poise::realnet::lab
