// From tcpdump's notation to a datagram's bytes; the other way is model/wire/describe.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace poise::scene {

// The grammar is in README.md. Throws Wrong.
std::vector<std::uint8_t> datagram(std::string_view text);

}  // namespace poise::scene
