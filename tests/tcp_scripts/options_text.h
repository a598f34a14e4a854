// TCP options as a script writes them, to bytes and back, in the order in which they lie.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/tcp_scripts/packet_bytes.h"

namespace poise::tcp::script {

// "mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7,sack 1:2 3:4,eol,hex 1e03aa"; padded with ends of
// the list. `ecr last` echoes the newest of our timestamps. Throws Wrong.
std::vector<std::uint8_t> encode_options(const std::string& text, const Numbering& numbering);

// What lies there, whatever it is: "hex ..." for what has no name here.
std::string decode_options(std::span<const std::uint8_t> bytes, Numbering& numbering,
                           std::int64_t milliseconds, bool is_syn);

}  // namespace poise::tcp::script
