// The hashes under Katran's Maglev rings, as facts that its tables can be checked against.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/address.h"
#include "model/policy/fill_table.h"

namespace poise::policy {

// The first word of MurmurHash3_x64_128 of the 16 little-endian bytes a, b.
std::uint64_t murmur3_x64_64(std::uint64_t a, std::uint64_t b, std::uint64_t seed);

// The permutation of a real with this hash.
Permutation katran_permutation(std::uint64_t real_hash, std::uint32_t size);

// The hash that Katran gives a real: folly's hash of the IP address.
std::uint64_t katran_real_hash(const Address& address);

}  // namespace poise::policy
