// Katran's Maglev rings, V1 and V2: reals ordered by the hash of their address, permutations by
// murmur3.
//
// facebookincubator/katran, `MaglevHash` and `MaglevHashV2`. V1 sees weights in the first round
// only; V2 gives true ratios. A backend whose name is an IP address gets that real's slots; any
// other name is hashed by SipHash, which no Katran does.
#include "model/policy/maglev_katran.h"

#include <bit>

#include "model/hash.h"
#include "model/policy/built_in.h"
#include "model/policy/maglev.h"

namespace poise::policy {
namespace {

std::uint64_t murmur_final(std::uint64_t k) {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccdu;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53u;
  return k ^ (k >> 33);
}

// CityHash's mix of two words into one (Google, 2011).
std::uint64_t city_mix(std::uint64_t upper, std::uint64_t lower) {
  constexpr std::uint64_t k = 0x9ddfea08eb382d69u;
  std::uint64_t a = (lower ^ upper) * k;
  a ^= a >> 47;
  std::uint64_t b = (upper ^ a) * k;
  b ^= b >> 47;
  return b * k;
}

// FNV-1 (multiply, then xor) of bytes taken as signed characters.
std::uint32_t fnv1(std::span<const std::uint8_t> bytes) {
  std::uint32_t hash = 0x811c9dc5u;
  for (const std::uint8_t byte : bytes)
    hash = hash * 0x01000193u ^ static_cast<std::uint32_t>(static_cast<std::int8_t>(byte));
  return hash;
}

struct Pair {
  std::uint64_t first, second;
};

// SpookyHash V2 of 16 bytes with seeds 0 (Jenkins, 2012, public domain): one mix and the end.
Pair spooky128(std::uint64_t word0, std::uint64_t word1) {
  constexpr std::uint64_t kConstant = 0xdeadbeefdeadbeefu;
  std::uint64_t h[4] = {0, 0, kConstant + word0, kConstant + word1};
  constexpr int kMix[12] = {50, 52, 30, 41, 54, 48, 38, 37, 62, 34, 5, 36};
  for (unsigned i = 0; i < 12; ++i) {
    std::uint64_t& turned = h[(i + 2) % 4];
    turned = std::rotl(turned, kMix[i]) + h[(i + 3) % 4];
    h[i % 4] ^= turned;
  }
  h[3] += std::uint64_t{16} << 56;
  h[2] += kConstant;
  h[3] += kConstant;
  constexpr int kEnd[11] = {15, 52, 26, 51, 28, 9, 47, 54, 32, 25, 63};
  for (unsigned i = 0; i < 11; ++i) {
    std::uint64_t& turned = h[(i + 2) % 4];
    std::uint64_t& target = h[(i + 3) % 4];
    target ^= turned;
    turned = std::rotl(turned, kEnd[i]);
    target += turned;
  }
  return {h[0], h[1]};
}

std::uint64_t load_little_endian(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = word << 8 | bytes[i];
  return word;
}

std::uint64_t real_hash_of_name(std::string_view name) {
  const std::optional<Address> address = Address::parse(name);
  return address ? katran_real_hash(*address) : siphash24({}, name);
}

Permutation permutation_of_name(std::string_view name, std::uint64_t, std::uint32_t size) {
  return katran_permutation(real_hash_of_name(name), size);
}

std::unique_ptr<Policy> make_ring_of(const Config& config, TurnRule rule) {
  return std::make_unique<Maglev>(config, MaglevRules{.permutation = permutation_of_name,
                                                      .turn_rule = rule,
                                                      .order = real_hash_of_name,
                                                      .modulo = true});
}

}  // namespace

std::uint64_t murmur3_x64_64(std::uint64_t a, std::uint64_t b, std::uint64_t seed) {
  constexpr std::uint64_t c1 = 0x87c37b91114253d5u;
  constexpr std::uint64_t c2 = 0x4cf5ad432745937fu;
  std::uint64_t h1 = seed ^ std::rotl(a * c1, 31) * c2;
  std::uint64_t h2 = seed ^ std::rotl(b * c2, 33) * c1;
  h1 = (std::rotl(h1, 27) + seed) * 5 + 0x52dce729u;
  h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5u;
  h1 ^= 16;
  h2 ^= 16;
  h1 += h2;
  h2 += h1;
  return murmur_final(h1) + murmur_final(h2);
}

Permutation katran_permutation(std::uint64_t real_hash, std::uint32_t size) {
  const std::uint64_t offset = murmur3_x64_64(real_hash, 42, 0);
  const std::uint64_t skip = murmur3_x64_64(real_hash, 2718281828u, 2307);
  return {static_cast<std::uint32_t>(offset % size),
          static_cast<std::uint32_t>(skip % (size - 1)) + 1};
}

std::uint64_t katran_real_hash(const Address& address) {
  const std::span<const std::uint8_t> bytes(address.bytes());
  if (address.is_v4()) return city_mix(2, fnv1(bytes.subspan(12)));
  const Pair words =
      spooky128(load_little_endian(bytes.data()), load_little_endian(bytes.data() + 8));
  return city_mix(10, city_mix(words.first, words.second));
}

std::unique_ptr<Policy> make_maglev_katran_v1(const Config& config) {
  return make_ring_of(config, TurnRule::first_round);
}

std::unique_ptr<Policy> make_maglev_katran_v2(const Config& config) {
  return make_ring_of(config, TurnRule::accumulate);
}

}  // namespace poise::policy
