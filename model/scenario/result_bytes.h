// A run's result as bytes: to bring it out of a forked child, and as CSV text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/scenario/result.h"

namespace poise::scenario {

// Little-endian: "poise-r" and a version byte, then every table of each_table (row count, then rows
// by each_column; text with a 32-bit length), events, wall_ns and files.
std::vector<std::uint8_t> serialize(const RunResult& result);

// Total: nullopt for anything that serialize did not write (another version, a count beyond the
// bytes that are there, an unknown word, bytes left over). Takes memory in proportion to `bytes`
// alone.
std::optional<RunResult> deserialize(std::span<const std::uint8_t> bytes);

// One table of each_table as CSV (RFC 4180, with a header). REQUIRES: `table` is one of its names.
std::string to_csv(const RunResult& result, std::string_view table);

}  // namespace poise::scenario
