// POISE_CHECK: the author's mistakes, checked in every build.
#pragma once

namespace poise::internal {
[[noreturn]] void check_failed(const char* file, int line, const char* what) noexcept;
}

// Aborts with the place and the condition when `condition` is false. For bugs only: what the
// network, the operator or the system got wrong has other treatments.
#define POISE_CHECK(condition)        \
  ((condition) ? static_cast<void>(0) \
               : ::poise::internal::check_failed(__FILE__, __LINE__, #condition))
