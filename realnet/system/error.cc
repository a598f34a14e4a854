// What the operator or the system got wrong.
#include "realnet/system/error.h"

#include <cerrno>
#include <system_error>

namespace poise::realnet {

SystemError::SystemError(const std::string& attempt, int error_number)
    : std::runtime_error(attempt + ": " + std::generic_category().message(error_number)),
      error_number_(error_number) {}

SystemError::SystemError(const std::string& attempt, const std::string& why)
    : std::runtime_error(attempt + ": " + why) {}

int checked(int result, const std::string& attempt) {
  if (result < 0) throw SystemError(attempt, errno);
  return result;
}

}  // namespace poise::realnet
