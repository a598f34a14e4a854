// From tcpdump's notation of TCP options to their bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace poise::scene {

// "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7" | "nop,nop,sack 1 {10:20}" | ... Padded with zeros
// to whole words. Throws Wrong.
std::vector<std::uint8_t> tcp_options(std::string_view text);

}  // namespace poise::scene
