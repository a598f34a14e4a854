// The files of a folder as the file server's content.
#pragma once

#include <list>
#include <string>

#include "model/tcp/application/file_server.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// Names are paths below the folder; nothing leads out of it, no link and no "..". Keeps the files
// that were read last open, so what is replaced (renamed over) meanwhile goes on as it was.
class FolderSource final : public tcp::FileSource {
 public:
  static constexpr std::size_t kOpenMax = 256;

  explicit FolderSource(const std::string& folder);  // throws SystemError

  std::optional<std::size_t> read_at(std::string_view name, std::uint64_t offset,
                                     std::span<std::uint8_t> into) override;

 private:
  struct File {
    std::string name;
    Fd fd;
  };
  const File* find(std::string_view name);

  Fd folder_;
  std::list<File> files_;  // the one that was read last first
};

}  // namespace poise::realnet
