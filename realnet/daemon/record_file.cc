// A file that keeps what goes into a machine.
#include "realnet/daemon/record_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "realnet/system/error.h"

namespace poise::realnet {

RecordFile::RecordFile(std::string path, std::function<void(const std::string&)> complain)
    : path_(std::move(path)),
      complain_(std::move(complain)),
      fd_(checked(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600),
                  "make the record " + path_)) {}

std::unique_ptr<RecordWriter> RecordFile::writer(RecordedMachine machine,
                                                 std::uint64_t configuration) {
  return std::make_unique<RecordWriter>([this](std::span<const std::uint8_t> b) { write(b); },
                                        machine, configuration);
}

void RecordFile::write(std::span<const std::uint8_t> bytes) {
  while (fd_ && !bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      complain_(SystemError("write the record " + path_, errno).what() +
                std::string("; it ends here"));
      fd_.reset();
    }
  }
}

}  // namespace poise::realnet
