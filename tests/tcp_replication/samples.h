// Messages to try: each kind, and records with seeded choices in every field.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "model/random.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {

// Owns the bytes that its records point at.
class Samples {
 public:
  explicit Samples(std::uint64_t seed) : rng_(seed) {}

  Agreement agreement();
  Record record();
  Batch batch(std::size_t record_count);
  StreamMessage message();

 private:
  bool chance() { return rng_.below(2) == 0; }
  std::uint64_t number() { return rng_.next() >> rng_.below(64); }
  template <class T = std::uint64_t>
  std::optional<T> maybe() {
    return chance() ? std::optional<T>(static_cast<T>(number())) : std::nullopt;
  }
  std::span<const std::uint8_t> bytes(std::size_t size_max);
  Extent extent();
  Extent extent_to(const std::optional<std::uint64_t>& end);
  Address address(bool v4);

  Rng rng_;
  std::deque<std::vector<std::uint8_t>> memory_;
};

bool same(const Extent& a, const Extent& b);
bool same(const Record& a, const Record& b);
bool same(const StreamMessage& a, const StreamMessage& b);

}  // namespace poise::tcp
