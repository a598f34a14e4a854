// Files read and replaced whole.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace poise::realnet {

// Throws SystemError: "read PATH: No such file or directory".
std::vector<std::uint8_t> read_bytes(const std::string& path);
// Writes a file whole or not at all (under another name, then renamed), mode 0600. Throws
// SystemError.
void replace_file(const std::string& path, std::string_view text);

}  // namespace poise::realnet
