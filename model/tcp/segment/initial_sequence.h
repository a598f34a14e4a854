// Initial sequence numbers that cannot be guessed (RFC 6528), and cookies that hold a handshake.
#pragma once

#include <cstdint>
#include <optional>

#include "model/flow/flow_key.h"
#include "model/hash.h"
#include "model/tcp/segment/segment.h"
#include "model/time.h"

namespace poise::tcp {

// RFC 6528, 3: M + F(flow, key), where M ticks every 4 microseconds.
Seq initial_sequence(SipKey key, const FlowKey& flow, Instant now);

// What a handshake agreed on, as far as the listener must remember it.
struct Handshake {
  Seq irs = 0;  // the client's initial sequence number
  Seq iss = 0;  // ours
  std::uint16_t mss = 536;
  std::optional<std::uint8_t> window_scale;  // the client's; none: no scaling on either side
  bool sack_permitted = false;
  bool timestamps = false;
  bool ecn = false;
  friend bool operator==(const Handshake&, const Handshake&) = default;
};

// A SYN cookie: all of the handshake lies in what the client sends back, so that any replica with
// the same key completes it without state (Bernstein 1996; the options lie in the low bits of the
// timestamp, as Linux has it, so without timestamps there is neither scaling nor SACK).
struct Cookie {
  Seq iss = 0;
  std::uint32_t timestamp = 0;  // TSval of the SYN-ACK, at most `clock`
  std::uint16_t mss = 536;      // what of the offered MSS the cookie can say (rounded down)
};
// `clock`: our timestamp clock now (with the connection's offset). `minutes`: a slow common clock
// of the replicas.
Cookie make_cookie(SipKey key, const FlowKey& flow, const Segment& syn, std::uint64_t minutes,
                   std::uint32_t clock, bool ecn);

// The timestamp of a SYN-ACK, sent again later: it says what the cookie's said.
std::uint32_t cookie_timestamp(std::uint32_t clock, const Handshake& handshake);

// The handshake that `ack`, the client's first segment with our SYN acknowledged, completes;
// nothing unless its cookie is ours and at most two minutes old.
std::optional<Handshake> open_cookie(SipKey key, const FlowKey& flow, const Segment& ack,
                                     std::uint64_t minutes);

}  // namespace poise::tcp
