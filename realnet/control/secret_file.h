// Reading what nobody else may read.
#pragma once

#include <string>

namespace poise::realnet {

// The whole of a small file. Throws SystemError: "read PATH: why".
std::string read_file(const std::string& path);

// The same; refuses a file that group or others may read or write, or that belongs to neither root
// nor this process's user.
std::string read_secret_file(const std::string& path);

}  // namespace poise::realnet
