// Prints a line `name digest` for everything whose result must not depend on compiler, run or
// machine.
#include <cinttypes>
#include <cstdint>
#include <cstdio>

#include "model/hash.h"
#include "model/random.h"

namespace {

void print(const char* name, std::uint64_t digest) {
  std::printf("%-32s %016" PRIx64 "\n", name, digest);
}

std::uint64_t random_numbers() {
  poise::Rng rng(1, 2);
  poise::Digest digest;
  for (int i = 0; i < 10'000; ++i) {
    digest.add(rng.next());
    digest.add(rng.below(1'000'003));
    digest.add(static_cast<std::uint64_t>(rng.uniform() * 1e15));
    digest.add(static_cast<std::uint64_t>(rng.exponential(1.0) * 1e15));
  }
  return digest.value();
}

}  // namespace

int main() {
  print("random", random_numbers());
}
