// The memory of what was changed on a host, for a next life to put back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "realnet/host/change.h"
#include "realnet/host/journal_text.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// <folder>/<name>.host.json: JSON, replaced as a whole, on disk when a call returns. Beside it
// stands a lock while a journal is open: a daemon's name is used once in a folder. Not there when
// nothing is changed.
class HostJournal {
 public:
  // Makes the folder, takes the lock, reads what an earlier life left. What was changed before the
  // last boot is forgotten, because it is gone. Throws SystemError, and touches nothing, when
  // another process has the lock or the file cannot be trusted: it is damaged, another user's or
  // writable by others, of another name, or of another network namespace than the calling thread's.
  HostJournal(const std::filesystem::path& folder, const std::string& name);
  ~HostJournal();
  HostJournal(const HostJournal&) = delete;
  HostJournal& operator=(const HostJournal&) = delete;

  const std::vector<Change>& changes() const { return changes_; }  // oldest first
  // Of the same subject.
  std::optional<Change> find(const std::string& subject) const;
  // Of the same subject, of another name in the folder, alive or killed, that a switch or route of
  // this network namespace has to outlive us for. A file that cannot be trusted says nothing.
  std::optional<Change> find_elsewhere(const std::string& subject) const;
  // While it is open, nobody else who takes it looks at what the folder's names share, or changes
  // it.
  Fd lock_folder() const;
  // Adds it, or replaces that of the same subject where it stands. REQUIRES: before the host is
  // changed. Throws SystemError; the file is as before then.
  void record(const Change& change);
  // At once, those of these subjects. REQUIRES: after they were put back. Forgetting all needs no
  // room.
  void forget(const std::vector<std::string>& subjects);

  static std::filesystem::path file(const std::filesystem::path& folder, const std::string& name);

 private:
  void lock();
  void read();
  std::optional<JournalText> read_trusted(const std::filesystem::path& file) const;
  void write(const std::vector<Change>& changes) const;

  std::filesystem::path folder_;
  std::string name_;
  std::filesystem::path file_;
  std::filesystem::path draft_;  // what becomes the file
  std::filesystem::path lock_file_;
  Fd lock_;
  std::string boot_;
  std::uint64_t namespace_ = 0;
  std::vector<Change> changes_;
};

}  // namespace poise::realnet
