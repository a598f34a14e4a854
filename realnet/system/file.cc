// Files read and replaced whole.
#include "realnet/system/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  constexpr std::size_t kPieceMin = 64 * 1024;
  const std::string attempt = "read " + path;
  const Fd file(checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), attempt));
  struct stat about {};
  checked(::fstat(file.get(), &about), attempt);
  // A byte more than the file says it has: the end is found without another piece.
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(about.st_size) + 1);
  std::size_t size = 0;
  for (;;) {
    const ssize_t count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError(attempt, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size == bytes.size()) bytes.resize(size + std::max(size, kPieceMin));
  }
  bytes.resize(size);
  return bytes;
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
