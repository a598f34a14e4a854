// A file in memory.
#include "realnet/daemon/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

namespace {

std::span<std::byte> map(const Fd& file, std::size_t size, int protection,
                         const std::string& attempt) {
  if (size == 0) return {};
  void* const at = ::mmap(nullptr, size, protection, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) throw SystemError(attempt, errno);
  return {static_cast<std::byte*>(at), size};
}

}  // namespace

MappedFile MappedFile::create(const std::string& path, std::size_t size) {
  const std::string attempt = "take " + std::to_string(size) + " bytes for " + path;
  const Fd file(
      checked(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), attempt));
  if (const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0) {
    ::unlink(path.c_str());
    throw SystemError(attempt, error);
  }
  return MappedFile(map(file, size, PROT_READ | PROT_WRITE, attempt));
}

MappedFile MappedFile::open(const std::string& path) {
  const std::string attempt = "read " + path;
  const Fd file(checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), attempt));
  struct stat facts {};
  checked(::fstat(file.get(), &facts), attempt);
  return MappedFile(map(file, static_cast<std::size_t>(facts.st_size), PROT_READ, attempt));
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
