// Where a failed POISE_CHECK ends.
#include "model/check.h"

#include <cstdio>
#include <cstdlib>

namespace poise::internal {

void check_failed(const char* file, int line, const char* what) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
  std::abort();
}

}  // namespace poise::internal
