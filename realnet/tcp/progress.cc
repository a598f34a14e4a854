// Records of one size, each written at once: a pipe does not mix what fits into a page.
#include "realnet/tcp/progress.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

constexpr int kPipeSize = 1 << 20;  // bytes
constexpr std::size_t kReadMax = 1024;

}  // namespace

ProgressWriter::ProgressWriter(const std::string& path)
    : pipe_(checked(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC), "open " + path)) {}

void ProgressWriter::tell(const Progress& progress) noexcept {
  static_cast<void>(!::write(pipe_.get(), &progress, sizeof progress));
}

ProgressReader::ProgressReader(const std::string& path) {
  checked(::mkfifo(path.c_str(), 0600), "make the pipe " + path);
  // Open for writing too: it does not end when the last server does.
  pipe_.reset(checked(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC), "open " + path));
  checked(::fcntl(pipe_.get(), F_SETPIPE_SZ, kPipeSize), "enlarge the pipe " + path);
}

std::vector<Progress> ProgressReader::read() {
  std::vector<Progress> all(kReadMax);
  const ssize_t size = ::read(pipe_.get(), all.data(), all.size() * sizeof(Progress));
  all.resize(size > 0 ? static_cast<std::size_t>(size) / sizeof(Progress) : 0);
  return all;
}

}  // namespace poise::realnet
