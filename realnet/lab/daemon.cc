// One life of a daemon on a host of the lab.
#include "realnet/lab/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "realnet/system/clock.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

namespace {

constexpr int kCannotRun = 127;  // as a shell says it

std::string last_line(const std::string& path) {
  std::ifstream file(path);
  std::string line, last;
  while (std::getline(file, line))
    if (!line.empty()) last = line;
  return last;
}

}  // namespace

Daemon::Daemon(const std::vector<std::string>& command, const std::string& where, std::string log)
    : log_(std::move(log)) {
  const Fd output(checked(::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
                          "open " + log_));
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const EnterNamespace inside(where);  // which the child inherits
  process_ = checked(::fork(), "fork " + command.front());
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output.get(), STDOUT_FILENO);
    ::dup2(output.get(), STDERR_FILENO);
    ::execvp(arguments.front(), arguments.data());
    ::dprintf(STDERR_FILENO, "run %s: %s\n", arguments.front(), std::strerror(errno));
    ::_exit(kCannotRun);
  }
  ended_.reset(checked(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)), "pidfd_open"));
}

Daemon::~Daemon() {
  kill();
}

void Daemon::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  reap();
}

void Daemon::ask_to_stop() {
  if (process_ >= 0) ::kill(process_, SIGTERM);
}

void Daemon::reap() {
  while (::waitpid(process_, &status_, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

bool Daemon::wait_until(Instant instant) {
  if (process_ < 0) return true;
  pollfd polled{ended_.get(), POLLIN, 0};
  const std::int64_t wait_ms = std::max<std::int64_t>((instant - now()).count() / 1'000'000, 0);
  const bool ended = ::poll(&polled, 1, static_cast<int>(wait_ms)) > 0;
  if (!ended) ::kill(process_, SIGKILL);
  reap();
  return ended;
}

bool Daemon::ended_well() {
  if (process_ >= 0) reap();
  return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

std::string Daemon::how_it_ended() {
  if (process_ >= 0) reap();
  const std::string how = WIFSIGNALED(status_)
                              ? "was ended by signal " + std::to_string(WTERMSIG(status_))
                              : "ended with status " + std::to_string(WEXITSTATUS(status_));
  const std::string line = last_line(log_);
  return line.empty() ? how : how + ": " + line;
}

}  // namespace poise::realnet::lab
