// Files below a folder, opened so that the kernel keeps them there.
#include "realnet/tcp/folder_source.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

Fd open_below(const Fd& folder, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  Fd fd(static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how)));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return fd;
}

}  // namespace

FolderSource::FolderSource(const std::string& folder)
    : folder_(checked(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC),
                      "open the folder " + folder)) {}

std::optional<std::size_t> FolderSource::read_at(std::string_view name, std::uint64_t offset,
                                                 std::span<std::uint8_t> into) {
  const File* file = find(name);
  if (!file) return std::nullopt;
  ssize_t size = 0;
  do {
    size = ::pread(file->fd.get(), into.data(), into.size(), static_cast<off_t>(offset));
  } while (size < 0 && errno == EINTR);
  if (size < 0) return std::nullopt;
  return static_cast<std::size_t>(size);
}

const FolderSource::File* FolderSource::find(std::string_view name) {
  const auto found =
      std::ranges::find_if(files_, [&](const File& file) { return file.name == name; });
  if (found != files_.end()) {
    files_.splice(files_.begin(), files_, found);
    return &files_.front();
  }
  if (name.find('\0') != std::string_view::npos) return nullptr;
  Fd fd = open_below(folder_, std::string(name));
  if (!fd) return nullptr;
  if (files_.size() == kOpenMax) files_.pop_back();
  files_.push_front({std::string(name), std::move(fd)});
  return &files_.front();
}

}  // namespace poise::realnet
