// Envoy's Maglev: permutations by XXH64 of the host's key, every host with a first turn.
//
// envoyproxy/envoy, `MaglevTable` without localities. The key is the backend's name: where Envoy is
// to be matched it is "address:port", or the hostname if Envoy hashes hostnames.
#include <xxhash.h>

#include "model/policy/built_in.h"
#include "model/policy/maglev.h"

namespace poise::policy {
namespace {

Permutation envoy_permutation(std::string_view name, std::uint64_t, std::uint32_t size) {
  const std::uint64_t offset = XXH64(name.data(), name.size(), 0);
  const std::uint64_t skip = XXH64(name.data(), name.size(), 1);
  return {static_cast<std::uint32_t>(offset % size),
          static_cast<std::uint32_t>(skip % (size - 1)) + 1};
}

}  // namespace

std::unique_ptr<Policy> make_maglev_envoy(const Config& config) {
  return std::make_unique<Maglev>(config, MaglevRules{.permutation = envoy_permutation,
                                                      .turn_rule = TurnRule::at_least_one,
                                                      .modulo = true});
}

}  // namespace poise::policy
