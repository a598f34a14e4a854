// Lines into a descriptor or a file.
#include "realnet/daemon/log/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

constexpr std::string_view kCut = "...\n";
constexpr std::string_view kJournal = "/run/systemd/journal/socket";

class DescriptorOutput : public Output {
 public:
  explicit DescriptorOutput(int fd) : fd_(fd) {}

 protected:
  void direct_to(int fd) { fd_ = fd; }

 private:
  int write(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    if (torn_) line.push_back('\n');  // what was left of another line before the disk was full
    formatter_->format(message, line);
    if (line.size() > kLineMax) {
      line.resize(kLineMax);
      std::memcpy(line.data() + kLineMax - kCut.size(), kCut.data(), kCut.size());
    }
    // A pipe that is ready takes kLineMax bytes without waiting.
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) < 1) return EAGAIN;
    if (ready.revents & (POLLERR | POLLNVAL)) return EPIPE;
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written < 0) return errno;
    torn_ = static_cast<std::size_t>(written) < line.size();
    return torn_ ? ENOSPC : 0;
  }

  int fd_;
  bool torn_ = false;
};

class FileOutput : public DescriptorOutput {
 public:
  explicit FileOutput(std::string path)
      : DescriptorOutput(-1), path_(std::move(path)), file_(open(path_)) {
    direct_to(file_.get());
  }

  void reopen() override {
    file_ = open(path_);
    direct_to(file_.get());
  }

 private:
  static Fd open(const std::string& path) {
    // Not to wait for the reader of a fifo.
    constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    return Fd(checked(::open(path.c_str(), kFlags, 0640), "open " + path));
  }

  std::string path_;
  Fd file_;
};

}  // namespace

bool is_journal(int fd, const char* journal_stream) {
  struct stat status {};
  if (!journal_stream || ::fstat(fd, &status) != 0) return false;
  return journal_stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::shared_ptr<Output> output_to(int fd) {
  return std::make_shared<DescriptorOutput>(fd);
}

std::shared_ptr<Output> open_output(const LogTarget& target) {
  switch (target.kind) {
    case LogTarget::Kind::standard_error:
      if (is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM")))
        return output_to_journal(std::string(kJournal));
      return output_to(STDERR_FILENO);
    case LogTarget::Kind::journal:
      return output_to_journal(std::string(kJournal));
    case LogTarget::Kind::file:
      return std::make_shared<FileOutput>(target.path);
  }
  return nullptr;
}

}  // namespace poise::realnet
