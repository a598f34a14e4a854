// Lines for `ip -batch` and `tc -batch`.
#include "realnet/lab/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <deque>

#include "model/check.h"
#include "realnet/system/error.h"

extern char** environ;

namespace poise::realnet::lab {

namespace {

constexpr std::size_t kAtATime = 4;

Fd memory_file(const char* name) {
  return Fd(checked(::memfd_create(name, MFD_CLOEXEC), std::string("memfd_create ") + name));
}

std::string content_of(int file) {
  std::string content(static_cast<std::size_t>(std::max<off_t>(::lseek(file, 0, SEEK_END), 0)), 0);
  const ssize_t size = ::pread(file, content.data(), content.size(), 0);
  content.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return content;
}

// Of "Command failed -:12": the twelfth line.
std::string failed_line(const std::string& complaint, const std::string& lines) {
  const std::string mark = "Command failed -:";
  const std::size_t at = complaint.find(mark);
  std::size_t number = 0;
  if (at != std::string::npos)
    std::from_chars(complaint.data() + at + mark.size(), complaint.data() + complaint.size(),
                    number);
  std::size_t from = 0;
  for (; number > 1; --number) {
    from = lines.find('\n', from);
    if (from == std::string::npos) return {};
    ++from;
  }
  return number == 0 ? std::string{} : lines.substr(from, lines.find('\n', from) - from);
}

}  // namespace

RunningBatch::RunningBatch(const char* tool, const std::string& where, const std::string& lines)
    : attempt_(std::string(tool) + (where.empty() ? "" : " -n " + where)),
      lines_(lines),
      complaints_(memory_file("complaints")) {
  const Fd input = memory_file("commands");
  POISE_CHECK(::write(input.get(), lines.data(), lines.size()) ==
              static_cast<ssize_t>(lines.size()));
  ::lseek(input.get(), 0, SEEK_SET);
  std::vector<std::string> words{tool};
  if (!where.empty()) words.insert(words.end(), {"-n", where});
  words.insert(words.end(), {"-batch", "-"});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, complaints_.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, complaints_.get(), STDERR_FILENO);
  const int error = ::posix_spawnp(&process_, tool, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw SystemError(std::string("run ") + tool + " (Debian: iproute2)", error);
  ended_.reset(checked(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)), "pidfd_open"));
}

RunningBatch::RunningBatch(RunningBatch&& other) noexcept
    : attempt_(std::move(other.attempt_)),
      lines_(std::move(other.lines_)),
      process_(std::exchange(other.process_, -1)),
      ended_(std::move(other.ended_)),
      complaints_(std::move(other.complaints_)) {}

RunningBatch::~RunningBatch() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void RunningBatch::finish() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0)
    if (errno != EINTR) throw SystemError("wait for " + attempt_, errno);
  process_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string why = content_of(complaints_.get());
  const std::string line = failed_line(why, lines_);
  why = why.substr(0, why.find('\n'));
  if (why.empty()) why = "it ended with status " + std::to_string(status);
  throw SystemError(attempt_ + (line.empty() ? "" : " " + line), why);
}

void Commands::add(Batches& batches, const std::string& where, const std::string& line) {
  auto batch = std::find_if(batches.begin(), batches.end(),
                            [&](const auto& entry) { return entry.first == where; });
  if (batch == batches.end()) batch = batches.insert(batches.end(), {where, {}});
  batch->second += line + "\n";
}

void Commands::ip(const std::string& where, const std::string& line) {
  add(ip_, where, line);
}

void Commands::tc(const std::string& where, const std::string& line) {
  add(tc_, where, line);
}

void Commands::run(const char* tool, Batches& batches) {
  std::deque<RunningBatch> running;
  for (const auto& [where, lines] : std::exchange(batches, {})) {
    if (running.size() == kAtATime) {
      running.front().finish();
      running.pop_front();
    }
    running.emplace_back(tool, where, lines);
  }
  for (RunningBatch& batch : running) batch.finish();
}

void Commands::run() {
  run("ip", ip_);
  run("tc", tc_);
}

std::vector<RunningBatch> Commands::start() {
  POISE_CHECK(tc_.empty());
  std::vector<RunningBatch> running;
  for (const auto& [where, lines] : std::exchange(ip_, {}))
    running.emplace_back("ip", where, lines);
  return running;
}

}  // namespace poise::realnet::lab
