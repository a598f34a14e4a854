// TCP options as they lie in a header: kinds, bounds, and the words that stacks begin them with.
#pragma once

#include <cstdint>

namespace poise::tcp::option {

inline constexpr std::uint8_t kEnd = 0;
inline constexpr std::uint8_t kNop = 1;
inline constexpr std::uint8_t kMss = 2;
inline constexpr std::uint8_t kWindowScale = 3;
inline constexpr std::uint8_t kSackPermitted = 4;
inline constexpr std::uint8_t kSack = 5;
inline constexpr std::uint8_t kTimestamps = 8;

inline constexpr std::uint8_t kWindowScaleMax = 14;  // RFC 7323, 2.3

// Every stack pads to whole words, so options are written as such. A word that ends in a value
// has zeros there.
inline constexpr std::uint32_t kMssWord = 0x02040000;
inline constexpr std::uint32_t kPaddedWindowScale = 0x01030300;
inline constexpr std::uint32_t kPaddedTimestamps = 0x0101080a;
inline constexpr std::uint32_t kPermittedTimestamps = 0x0402080a;  // SACK permitted takes the NOPs
inline constexpr std::uint32_t kPaddedPermitted = 0x01010402;
inline constexpr std::uint32_t kPermittedEnd = 0x04020000;  // and the end of the list
inline constexpr std::uint32_t kPaddedSack = 0x01010500;

}  // namespace poise::tcp::option
