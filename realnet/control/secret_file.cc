// Reading what nobody else may read.
#include "realnet/control/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {
namespace {

constexpr std::size_t kFileMax = 1 << 20;

std::string contents(const Fd& file, const std::string& attempt) {
  std::string text;
  std::array<char, 4096> piece{};
  while (const int count =
             checked(static_cast<int>(::read(file.get(), piece.data(), piece.size())), attempt)) {
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kFileMax) throw SystemError(attempt, "it is longer than 1 MiB");
  }
  return text;
}

Fd open_to_read(const std::string& path, const std::string& attempt) {
  return Fd(checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), attempt));
}

}  // namespace

std::string read_file(const std::string& path) {
  const std::string attempt = "read " + path;
  return contents(open_to_read(path, attempt), attempt);
}

std::string read_secret_file(const std::string& path) {
  const std::string attempt = "read " + path;
  const Fd file = open_to_read(path, attempt);
  struct stat facts {};
  checked(::fstat(file.get(), &facts), attempt);
  if ((facts.st_mode & 077) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", facts.st_mode & 07777);
    throw SystemError(
        attempt, std::string("it is a secret, and its mode is ") + mode.data() + "; chmod 600 it");
  }
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid())
    throw SystemError(attempt,
                      "it is a secret, and it belongs to user " + std::to_string(facts.st_uid));
  return contents(file, attempt);
}

}  // namespace poise::realnet
