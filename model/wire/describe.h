// Datagrams as people read them: one line in tcpdump's notation.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace poise::wire {

//   IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [S], seq 0, win 65535, options [mss 1460], length 0
//   IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [.E], ack 9, win 512, options [nop,nop,TS val 1 ecr 2,
//       nop,nop,sack 1 {20:30}], length 0
//   IP6 2001:db8::1.53 > 2001:db8::2.4000: UDP, length 12
//   IP 10.0.0.9.50000 > 10.0.1.1.6080: GUE: IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [.], ack 1, win
//       512, length 0
//   IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.2 unreachable - need to frag (mtu 1472), length 68
//   malformed (header_checksum), 40 bytes
//
// Of TCP it is what `tcpdump -n -S -t` prints, with two freedoms: an option whose length is not its
// kind's is "unknown-KIND 0x...", and so are those beyond RFC 9293, 7323 and 2018.
// Tunnels are followed down to four levels: GUE and Caplance by their UDP ports, IPIP and GRE by
// protocol.
std::string describe(std::span<const std::uint8_t> bytes);

}  // namespace poise::wire
