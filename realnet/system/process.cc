// Runs a command to its end: an argument vector, never a shell; text in, text out, bounded time.
#include "realnet/system/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {
namespace {

constexpr std::size_t kOutputMax = 16u << 20;

struct Pipe {
  Fd read, write;

  Pipe() {
    std::array<int, 2> ends{};
    checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
    read.reset(ends[0]);
    write.reset(ends[1]);
    checked(::fcntl(read.get(), F_SETFL, O_NONBLOCK), "fcntl O_NONBLOCK");
  }
};

// A file in memory and not a pipe: nobody has to feed it, and a command may open /dev/stdin.
Fd file_of(const std::string& text) {
  Fd file(checked(::memfd_create("stdin", MFD_CLOEXEC), "memfd_create"));
  for (std::size_t written = 0; written < text.size();)
    written += static_cast<std::size_t>(
        checked(static_cast<int>(::write(file.get(), text.data() + written,
                                         std::min(text.size() - written, std::size_t{1} << 20))),
                "write memfd"));
  checked(static_cast<int>(::lseek(file.get(), 0, SEEK_SET)), "lseek memfd");
  return file;
}

struct SpawnRules {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnRules(int input, int output, int error) {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, input, 0);
    ::posix_spawn_file_actions_adddup2(&files, output, 1);
    ::posix_spawn_file_actions_adddup2(&files, error, 2);
    ::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnRules() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnRules(const SpawnRules&) = delete;
  SpawnRules& operator=(const SpawnRules&) = delete;
};

// A started command; one that is not waited for is killed.
class Child {
 public:
  Child(const Command& command, const SpawnRules& rules) {
    std::vector<char*> arguments;
    for (const std::string& word : command.arguments)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int failed = ::posix_spawnp(&pid_, arguments[0], &rules.files, &rules.attributes,
                                      arguments.data(), environ);
    if (failed != 0) throw SystemError("start " + command.arguments[0], failed);
    // Not pidfd_open: glibc 2.36 declares it without C linkage.
    ended_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!ended_) {
      const int why = errno;
      kill_and_wait();
      throw SystemError("pidfd_open", why);
    }
  }
  ~Child() {
    if (pid_ > 0) kill_and_wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int ended() const { return ended_.get(); }  // readable once the command has ended
  // REQUIRES: it has ended.
  int wait() {
    int status = 0;
    checked(::waitpid(std::exchange(pid_, -1), &status, 0), "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  void kill_and_wait() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

  pid_t pid_ = -1;
  Fd ended_;
};

// Takes what is there now; false: the other end is closed.
bool drain(const Fd& from, std::string& into, const Command& command) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return true;
      throw SystemError("read from " + command.arguments[0], errno);
    }
    into.append(buffer.data(), static_cast<std::size_t>(count));
    if (into.size() > kOutputMax) throw SystemError(to_string(command), "prints more than 16 MiB");
  }
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Finished run(const Command& command) {
  using Steady = std::chrono::steady_clock;
  if (command.arguments.empty()) throw SystemError("run a command", "it has no words");
  Pipe output, error;
  const Fd input = file_of(command.input);
  const SpawnRules rules(input.get(), output.write.get(), error.write.get());
  Child child(command, rules);
  output.write.reset();
  error.write.reset();

  Finished finished;
  const auto deadline = Steady::now() + command.timeout;
  std::array<pollfd, 3> watched{pollfd{output.read.get(), POLLIN, 0},
                                pollfd{error.read.get(), POLLIN, 0},
                                pollfd{child.ended(), POLLIN, 0}};
  while ((watched[2].revents & POLLIN) == 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    const int ready =
        left <= 0 ? 0 : ::poll(watched.data(), watched.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    checked(ready, "poll");
    if (ready == 0)
      throw SystemError(to_string(command),
                        "did not end within " + std::to_string(command.timeout.count()) + " ms");
    // A closed end would be ready for ever: poll skips negative descriptors.
    if (watched[0].revents && !drain(output.read, finished.output, command)) watched[0].fd = -1;
    if (watched[1].revents && !drain(error.read, finished.error, command)) watched[1].fd = -1;
  }
  drain(output.read, finished.output, command);
  drain(error.read, finished.error, command);
  finished.status = child.wait();
  return finished;
}

std::string run_checked(const Command& command) {
  Finished finished = run(command);
  if (finished.status != 0) {
    std::string why = trimmed(std::move(finished.error));
    if (why.empty()) why = "ended with status " + std::to_string(finished.status);
    throw SystemError(to_string(command), why);
  }
  return std::move(finished.output);
}

std::string to_string(const Command& command) {
  std::string line;
  for (const std::string& word : command.arguments) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace poise::realnet
