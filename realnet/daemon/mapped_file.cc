// A file in memory.
#include "realnet/daemon/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

MappedFile MappedFile::create(const std::string& path, std::size_t size) {
  const std::string attempt = "take " + std::to_string(size) + " bytes for " + path;
  const Fd file(
      checked(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), attempt));
  if (const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0) {
    ::unlink(path.c_str());
    throw SystemError(attempt, error);
  }
  if (size == 0) return MappedFile({});
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) {
    const int why = errno;
    ::unlink(path.c_str());
    throw SystemError(attempt, why);
  }
  return MappedFile({static_cast<std::byte*>(at), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace poise::realnet
