// The catalogue: every built-in policy, and what its configuration may be.
#include <array>
#include <stdexcept>

#include "model/policy/built_in.h"
#include "model/policy/fill_table.h"

namespace poise::policy {
namespace {

using Maker = std::unique_ptr<Policy> (*)(const Config&);

struct Row {
  Entry entry;
  Maker make;
};

constexpr std::array kRows{
    Row{{"hash_mod_n",
         "flow hash modulo the number of backends; nearly all flows move on a change"},
        make_hash_mod_n},
    Row{{"jump", "jump consistent hash over backends by name; minimal moves at the end only"},
        make_jump},
    Row{{"least_connections", "the fewest live flows for its weight"}, make_least_connections},
    Row{{"maglev", "Maglev's table with weights; even to one slot, few moves"}, make_maglev},
    Row{{"maglev_caplance", "Caplance's Maglev, bit for bit"}, make_maglev_caplance},
    Row{{"maglev_envoy", "Envoy's Maglev, bit for bit"}, make_maglev_envoy},
    Row{{"maglev_katran_v1", "Katran's Maglev, bit for bit; weights in the first round only"},
        make_maglev_katran_v1},
    Row{{"maglev_katran_v2", "Katran's Maglev V2, bit for bit; true weights"},
        make_maglev_katran_v2},
    Row{{"power_of_two", "the less loaded of two drawn by weight"}, make_power_of_two},
    Row{{"random", "drawn by weight"}, make_random},
    Row{{"rendezvous", "highest random weight; no excess moves, a draw per backend"},
        make_rendezvous},
    Row{{"ring", "Karger's ring with virtual nodes; no excess moves"}, make_ring},
    Row{{"round_robin", "one after another, smooth by weight"}, make_round_robin},
};

constexpr std::array kEntries = [] {
  std::array<Entry, kRows.size()> entries;
  for (std::size_t i = 0; i < kRows.size(); ++i) entries[i] = kRows[i].entry;
  return entries;
}();

constexpr bool sorted_by_kind() {
  for (std::size_t i = 1; i < kEntries.size(); ++i)
    if (kEntries[i - 1].kind >= kEntries[i].kind) return false;
  return true;
}
static_assert(sorted_by_kind());

constexpr std::uint32_t kVirtualNodesMax = 65536;

void check(const Config& config) {
  if (config.kind.starts_with("maglev") &&
      (config.table_size > kTableSizeMax || !is_prime(config.table_size)))
    throw std::invalid_argument("table_size is " + std::to_string(config.table_size) +
                                "; allowed: a prime from 2 to " + std::to_string(kTableSizeMax));
  if (config.kind == "ring" &&
      (config.virtual_nodes < 1 || config.virtual_nodes > kVirtualNodesMax))
    throw std::invalid_argument("virtual_nodes is " + std::to_string(config.virtual_nodes) +
                                "; allowed: 1 to " + std::to_string(kVirtualNodesMax));
}

}  // namespace

std::span<const Entry> catalogue() {
  return kEntries;
}

std::unique_ptr<Policy> make(const Config& config) {
  std::string kinds;
  for (const Row& row : kRows) {
    if (row.entry.kind == config.kind) {
      check(config);
      return row.make(config);
    }
    kinds += (kinds.empty() ? "" : ", ") + std::string(row.entry.kind);
  }
  throw std::invalid_argument("kind is \"" + config.kind + "\"; allowed: " + kinds);
}

}  // namespace poise::policy
