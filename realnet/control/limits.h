// What the streams of a listener or a dialer may cost, and what is counted when a bound is hit.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace poise::realnet {

struct Limits {
  // Of a listener.
  std::size_t connection_count_max = 4096;       // all with a descriptor, whatever their state
  std::size_t connection_count_source_max = 16;  // of one IPv4 address or one IPv6 /64
  std::size_t handshake_count_max = 128;         // not yet authenticated; beyond: refused
  std::size_t accepts_per_second = 200;          // beyond: they wait in the kernel's backlog
  // Whoever proves a name may register under that one alone (see register_gate.h). Plain text and a
  // key of many prove none.
  bool own_name_only = true;

  // Of a dialer.
  std::chrono::milliseconds connect_timeout{3000};

  // Of both.
  std::chrono::milliseconds handshake_timeout{5000};
  std::size_t unsent_bytes_max = 256 * 1024;  // of one peer; beyond: cut
  std::size_t read_bytes = 4096;              // that a stream takes from its TCP at once
  std::chrono::milliseconds linger{1000};  // after close, for the other end to take what was sent
  std::chrono::milliseconds silence_max{
      10000};  // of the other end's TCP, before the kernel gives up
  std::chrono::milliseconds log_interval{1000};  // at most one line of each kind in so long
};

enum class StreamCount : std::uint8_t {
  accepted,
  dialled,
  authenticated,          // came up
  refused_connections,    // connection_count_max
  refused_source,         // connection_count_source_max
  refused_handshakes,     // handshake_count_max
  delayed_accepts,        // accepts_per_second: how often accepting paused for it
  descriptors_exhausted,  // no descriptor left: the connection was closed, accepting paused
  accepts_failed,         // for another reason of the system's
  connects_failed,        // or timed out
  handshakes_failed,      // wrong credentials, none, or no TLS 1.3 at all
  handshakes_timed_out,
  names_refused,     // a REGISTER under another name than the authenticated one
  unsent_overflown,  // unsent_bytes_max
  lost,              // came up, and ended or broke
  callbacks_failed,  // an owner's callback threw
  count_
};

inline constexpr std::size_t kStreamCountNumber = static_cast<std::size_t>(StreamCount::count_);

std::string_view to_string(StreamCount count);

// Read on the io_context's thread.
class StreamCounters {
 public:
  void add(StreamCount count) noexcept { ++values_[static_cast<std::size_t>(count)]; }
  std::uint64_t operator[](StreamCount count) const {
    return values_[static_cast<std::size_t>(count)];
  }

 private:
  std::array<std::uint64_t, kStreamCountNumber> values_{};
};

}  // namespace poise::realnet
