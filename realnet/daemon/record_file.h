// A file that keeps what goes into a machine, written so that not even kill -9 loses an event.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/balancer/record.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// Every event is one write(2): what the kernel took survives the process. A disk that is full or
// dead ends the record, once and said aloud, and never the daemon.
class RecordFile {
 public:
  // Made anew, mode 0600. Throws SystemError.
  RecordFile(std::string path, std::function<void(const std::string&)> complain);

  // The file must outlive the writer.
  std::unique_ptr<RecordWriter> writer(RecordedMachine machine, std::uint64_t configuration);

 private:
  void write(std::span<const std::uint8_t> bytes);

  std::string path_;
  std::function<void(const std::string&)> complain_;
  Fd fd_;  // none: the record has ended
};

}  // namespace poise::realnet
