// A policy: how a backend is chosen for a new flow (or, without tracking, for every packet).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/backend_id.h"
#include "model/random.h"

namespace poise {

namespace policy {

// A backend that may be chosen. Names are unique: what is consistent between balancers hangs on the
// name alone, never on the index, which differs between them.
struct Candidate {
  BackendIndex index = kNoBackend;
  std::uint32_t weight = 1;  // > 0
  std::string name;
  // While a backend starts slowly all weights of a rebuild count in parts of a whole: 1 /
  // weight_unit. Equal for all of them. Who weighs relatively need not look.
  std::uint32_t weight_unit = 1;
};

// The one place with inheritance: policies are chosen at run time, and Python adds its own.
class Policy {
 public:
  virtual ~Policy() = default;

  // The membership or a weight changed. `candidates` is sorted by name; equal candidates give an
  // equal policy, whatever happened before.
  virtual void rebuild(std::span<const Candidate> candidates) = 0;

  // The backend for a flow, or kNoBackend when there is no candidate. `flow_hash` is uniform over
  // 64 bits; `flow_counts[index]` is the number of live flows this balancer tracks there (all zero
  // without tracking). Allocates nothing.
  virtual BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t> flow_counts,
                              Rng& rng) noexcept = 0;

  // True when the choice is a function of the candidates' names, weights and the flow alone, so
  // that balancers with equal membership agree without talking.
  virtual bool is_consistent() const = 0;

  // A hash of the whole state.
  virtual std::uint64_t digest() const = 0;
};

struct Config {
  std::string kind = "maglev";
  std::uint32_t table_size = 65537;   // maglev: a prime from 2 to 16777213; others: ignored
  std::uint32_t virtual_nodes = 100;  // ring: points a unit of weight, 1 to 65536; others: ignored
  std::uint64_t seed = 0;             // of the hash functions; balancers that must agree share it
};

struct Entry {
  std::string_view kind;
  std::string_view summary;
};

// Every built-in policy, sorted by kind: the only list.
std::span<const Entry> catalogue();

// Throws std::invalid_argument that names the key, the value and what is allowed.
std::unique_ptr<Policy> make(const Config& config);

}  // namespace policy
}  // namespace poise
