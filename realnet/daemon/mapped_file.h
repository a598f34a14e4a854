// A file in memory: what is stored there outlives the process, whatever ends it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace poise::realnet {

// Move-only.
class MappedFile {
 public:
  // Makes a file of zeros, mode 0600, with all its blocks taken, so that no later store can fail.
  // Throws SystemError: "take 3670016 bytes for /run/poise/lb.flows: No space left on device".
  static MappedFile create(const std::string& path, std::size_t size);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace poise::realnet
