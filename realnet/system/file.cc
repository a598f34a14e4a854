// Files read and replaced whole.
#include "realnet/system/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw SystemError("read " + path, errno);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const std::string attempt = "write " + path;
  Fd file(checked(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), attempt));
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int why = errno;
      ::unlink(fresh.c_str());
      throw SystemError(attempt, why);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  file.reset();
  checked(::rename(fresh.c_str(), path.c_str()), attempt);
}

}  // namespace poise::realnet
