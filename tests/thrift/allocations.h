// Counts every allocation of this program: operator new is replaced in allocations.cc.
#pragma once

#include <cstdint>

namespace poise::thrift {

// Since the program began.
std::uint64_t allocations();

}  // namespace poise::thrift
