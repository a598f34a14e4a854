// The memory of what was changed on a host, for a next life to put back.
#include "realnet/host/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".host.json";

// Of the calling thread's network namespace: no two of one boot have the same, unlike its inode.
std::uint64_t namespace_cookie() {
  const Fd socket(checked(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket"));
  std::uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  checked(::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length),
          "getsockopt SO_NETNS_COOKIE");
  return cookie;
}

std::string read_all(int file, const std::string& attempt) {
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const int count =
        checked(static_cast<int>(::read(file, buffer.data(), buffer.size())), attempt);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string boot_id() {
  const std::string path = "/proc/sys/kernel/random/boot_id";
  const Fd file(checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open " + path));
  std::string id = read_all(file.get(), "read " + path);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

void write_all(int file, const std::string& text, const std::string& attempt) {
  for (std::size_t written = 0; written < text.size();)
    written += static_cast<std::size_t>(checked(
        static_cast<int>(::write(file, text.data() + written, text.size() - written)), attempt));
}

void sync_folder(const fs::path& folder) {
  const Fd opened(checked(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                          "open " + folder.string()));
  checked(::fsync(opened.get()), "fsync " + folder.string());
}

void check_name(const std::string& name) {
  const bool plain = !name.empty() && name.size() <= 64 && name[0] != '.' &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isalnum(c) || c == '-' || c == '_' || c == '.';
                     });
  if (!plain)
    throw SystemError("name \"" + name + "\"",
                      "allowed: 1 to 64 letters, digits, '-', '_' and '.', not '.' in front");
}

}  // namespace

HostJournal::HostJournal(const fs::path& folder, const std::string& name)
    : folder_(folder),
      name_(name),
      file_(file(folder, name)),
      draft_(file_.string() + ".new"),
      lock_file_(folder / (name + ".host.lock")),
      boot_(boot_id()),
      namespace_(namespace_cookie()) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw SystemError("make folder " + folder.string(), failed.value());
  lock();
  try {
    read();
  } catch (...) {
    ::unlink(lock_file_.c_str());
    throw;
  }
}

HostJournal::~HostJournal() {
  ::unlink(lock_file_.c_str());
}

fs::path HostJournal::file(const fs::path& folder, const std::string& name) {
  check_name(name);
  return folder / (name + std::string(kEnding));
}

void HostJournal::lock() {
  const std::string attempt = "lock " + lock_file_.string();
  for (;;) {
    lock_.reset(checked(::open(lock_file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600),
                        attempt));
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) throw SystemError(attempt, errno);
      throw SystemError(attempt, "another process has it: \"" + name_ + "\" is running");
    }
    // Whoever had it may have removed it meanwhile; then this is a lock that nobody else sees.
    struct stat ours {
    }, named{};
    checked(::fstat(lock_.get(), &ours), attempt);
    if (::stat(lock_file_.c_str(), &named) == 0 && ours.st_ino == named.st_ino) return;
  }
}

// None: there is no file. Throws SystemError for one that is not to be trusted.
std::optional<JournalText> HostJournal::read_trusted(const fs::path& file) const {
  const std::string attempt = "journal " + file.string();
  const Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened) {
    if (errno == ENOENT) return std::nullopt;
    throw SystemError(attempt, errno);
  }
  struct stat status {};
  checked(::fstat(opened.get(), &status), attempt);
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw SystemError(attempt, "not trusted: others may have written it");
  try {
    return JournalText::parse(read_all(opened.get(), attempt));
  } catch (const SystemError&) {
    throw;
  } catch (const std::exception& error) {
    throw SystemError(attempt, std::string("damaged, and so not trusted: ") + error.what());
  }
}

void HostJournal::read() {
  const std::string attempt = "journal " + file_.string();
  ::unlink(draft_.c_str());  // of a life that was killed over it
  std::optional<JournalText> text = read_trusted(file_);
  if (!text) return;
  if (text->name != name_)
    throw SystemError(attempt, "not trusted: it is the journal of \"" + text->name + "\"");
  if (text->boot != boot_) return write({});
  if (text->namespace_cookie != namespace_)
    throw SystemError(attempt, "it speaks of another network namespace; start there, or remove it");
  changes_ = std::move(text->changes);
}

std::optional<Change> HostJournal::find(const std::string& about) const {
  for (const Change& change : changes_)
    if (subject(change) == about) return change;
  return std::nullopt;
}

std::optional<Change> HostJournal::find_elsewhere(const std::string& about) const {
  std::error_code gone;  // with the folder, all that the others knew
  for (const auto& entry : fs::directory_iterator(folder_, gone)) {
    if (entry.path() == file_ || !entry.path().native().ends_with(kEnding)) continue;
    try {
      const std::optional<JournalText> text = read_trusted(entry.path());
      if (!text || text->boot != boot_ || text->namespace_cookie != namespace_) continue;
      for (const Change& change : text->changes)
        if (subject(change) == about) return change;
    } catch (const SystemError&) {  // its own daemon says so
    }
  }
  return std::nullopt;
}

Fd HostJournal::lock_folder() const {
  const std::string attempt = "lock folder " + folder_.string();
  Fd opened(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened && errno == ENOENT) return opened;  // somebody removed it
  checked(opened.get(), attempt);
  checked(::flock(opened.get(), LOCK_EX), attempt);
  return opened;
}

void HostJournal::record(const Change& change) {
  std::vector<Change> next = changes_;
  const auto same = std::find_if(
      next.begin(), next.end(), [&](const Change& old) { return subject(old) == subject(change); });
  if (same == next.end())
    next.push_back(change);
  else if (*same == change)
    return;
  else
    *same = change;
  write(next);
  changes_ = std::move(next);
}

void HostJournal::forget(const std::vector<std::string>& subjects) {
  std::vector<Change> next = changes_;
  std::erase_if(next, [&](const Change& change) {
    return std::find(subjects.begin(), subjects.end(), subject(change)) != subjects.end();
  });
  write(next);
  changes_ = std::move(next);
}

void HostJournal::write(const std::vector<Change>& changes) const {
  if (changes.empty()) {
    if (::unlink(file_.c_str()) != 0 && errno != ENOENT)
      throw SystemError("remove " + file_.string(), errno);
    return;
  }
  const std::string text =
      JournalText{.name = name_, .boot = boot_, .namespace_cookie = namespace_, .changes = changes}
          .to_json();
  const std::string attempt = "write " + draft_.string();
  try {
    const Fd opened(
        checked(::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600),
                attempt));
    write_all(opened.get(), text, attempt);
    checked(::fsync(opened.get()), attempt);
    checked(::rename(draft_.c_str(), file_.c_str()), "rename " + draft_.string());
  } catch (...) {
    ::unlink(draft_.c_str());
    throw;
  }
  sync_folder(folder_);
}

}  // namespace poise::realnet
