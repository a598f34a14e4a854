// Where lines of the log go. Writing never waits and never throws: what could not be written is
// the caller's to count.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <memory>
#include <string>

#include "realnet/daemon/settings/settings.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// One destination, under the log's mutex. error(): errno of the last line, 0 when it was written.
class Output : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  int error() const { return error_; }
  // Opens the destination anew; on failure the old one stays. Throws SystemError.
  virtual void reopen() {}

 protected:
  virtual int write(const spdlog::details::log_msg& message) = 0;

 private:
  void sink_it_(const spdlog::details::log_msg& message) final { error_ = write(message); }
  void flush_() final {}

  int error_ = 0;
};

// A line a write, of at most 4,096 bytes, because a pipe takes that much whole or not at all.
inline constexpr std::size_t kLineMax = 4096;

// Standard error that leads to the journal anyway is the journal, which then gets priorities.
// Throws SystemError when it cannot be opened.
std::shared_ptr<Output> open_output(const LogTarget& target);

// True when `fd` is the stream that JOURNAL_STREAM ("device:inode", nullptr: not set) speaks of;
// see systemd.exec(5).
bool is_journal(int fd, const char* journal_stream);

// The same for tests: a descriptor that somebody else closes; a journal at another socket.
std::shared_ptr<Output> output_to(int fd);
std::shared_ptr<Output> output_to_journal(const std::string& socket_path);

}  // namespace poise::realnet
