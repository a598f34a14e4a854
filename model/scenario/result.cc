// The fingerprint of a run: every table in order, by value, twice with different starts.
#include "model/scenario/result.h"

#include "model/hash.h"
#include "model/scenario/result_columns.h"

namespace poise::scenario {
namespace {

std::uint64_t digest_of(const RunResult& result, std::uint64_t start) {
  Digest digest;
  digest.add(start);
  each_table(result, [&](std::string_view name, const auto& rows) {
    digest.add(name).add(rows.size());
    for (const auto& row : rows)
      each_column(row, [&](std::string_view, const auto& cell) {
        if constexpr (std::is_same_v<decltype(cell), const std::string&>) {
          digest.add(std::string_view(cell));
        } else {
          digest.add(cell);
        }
      });
  });
  return digest.add(result.events).value();
}

}  // namespace

std::string RunResult::fingerprint() const {
  std::string text;
  for (const std::uint64_t start : {1u, 2u}) {
    const std::uint64_t digest = digest_of(*this, start);
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[digest >> shift & 15];
  }
  return text;
}

}  // namespace poise::scenario
