// Caplance's Maglev, bit for bit: fixed keys, backends by name, equal turns, and slots by `%`.
//
// Caplance v0.1.0 on kkdai/maglev. Fed with SipHash-2-4 of "<source ip>:<source port>" under the
// key (0xdeadbabe, 0) it gives every flow the backend that Caplance gives it (but for the ports
// that its packet library writes with their name). Weights do not count, as they do not exist
// there.
#include "model/hash.h"
#include "model/policy/built_in.h"
#include "model/policy/maglev.h"

namespace poise::policy {
namespace {

Permutation caplance_permutation(std::string_view name, std::uint64_t, std::uint32_t size) {
  const std::uint64_t offset = siphash24({0xdeadbabe, 0}, name);
  const std::uint64_t skip = siphash24({0xdeadbeef, 0}, name);
  return {static_cast<std::uint32_t>(offset % size),
          static_cast<std::uint32_t>(skip % (size - 1)) + 1};
}

}  // namespace

std::unique_ptr<Policy> make_maglev_caplance(const Config& config) {
  return std::make_unique<Maglev>(config, MaglevRules{.permutation = caplance_permutation,
                                                      .turn_rule = TurnRule::each_round,
                                                      .modulo = true});
}

}  // namespace poise::policy
