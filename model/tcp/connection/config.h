// How a connection behaves; a listener's or a caller's choice, the same on all replicas.
#pragma once

#include <cstdint>

#include "model/tcp/segment/segment.h"
#include "model/tcp/sender/sender.h"

namespace poise::tcp {

struct ConnectionConfig {
  SenderConfig sender;
  std::uint32_t mtu = 1500;      // of the way out; the MSS offered is mtu - 40 (IPv6: - 60)
  std::uint16_t mss_unsaid = 0;  // of a peer whose SYN has no MSS option; 0: RFC 9293, MUST-15
  Personality personality = Personality::linux_;
  bool window_scaling = true;
  bool timestamps = true;
  bool sack = true;
  bool ecn = false;
  bool nagle = false;                                    // RFC 9293, 3.7.4
  std::uint32_t send_buffer = 1u << 20;                  // bytes
  std::uint32_t receive_buffer = 1u << 20;               // bytes; the window never exceeds it
  Duration delayed_ack = std::chrono::milliseconds{40};  // at most 500 ms (RFC 9293, MUST-40)
  Duration time_wait = std::chrono::seconds{60};
  Duration fin_wait_2 = std::chrono::seconds{60};  // after close(), for a peer that is silent
  Duration keepalive_idle{};                       // zero: none (RFC 9293, 3.8.4)
  Duration keepalive_interval = std::chrono::seconds{75};
  std::uint32_t keepalive_count = 9;
  Duration user_timeout{};     // zero: by retries alone (RFC 5482)
  std::uint32_t retries = 15;  // RTOs in a row before giving up
  std::uint32_t syn_retries = 6;
};

}  // namespace poise::tcp
