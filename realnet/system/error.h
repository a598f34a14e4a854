// What the operator or the system got wrong: an exception that says what was attempted.
#pragma once

#include <stdexcept>
#include <string>

namespace poise::realnet {

// what(): "<attempt>: <why>", such as "bind 10.0.0.1:80: Permission denied".
class SystemError : public std::runtime_error {
 public:
  SystemError(const std::string& attempt, int error_number);
  // Of an attempt that failed for another reason than errno.
  SystemError(const std::string& attempt, const std::string& why);

  int error_number() const { return error_number_; }  // 0: none

 private:
  int error_number_ = 0;
};

// Throws SystemError(attempt, errno) when result is negative; gives it back otherwise.
int checked(int result, const std::string& attempt);

}  // namespace poise::realnet
