// A forked child and the pipes to it.
#include "sim/ns3/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace poise::ns3world {

namespace {

constexpr int kPollMs = 50;
constexpr std::size_t kHeadSize = 9;  // kind:u8 length:u64 little-endian

std::array<int, 2> open_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe for a simulation's child");
  return ends;
}

void close_and_forget(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

// What a fresh process of our own would have; the parent may be Python or a test under a debugger.
void settle_in(pid_t parent, int stderr_pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  for (const int fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM})
    std::signal(fatal, SIG_DFL);
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  dup2(stderr_pipe, STDERR_FILENO);
}

// Reads what is there; false at the end.
template <class Take>
bool read_some(int descriptor, Take take) {
  std::array<char, 65536> buffer;
  const ssize_t size = read(descriptor, buffer.data(), buffer.size());
  if (size > 0) take(buffer.data(), static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && errno == EINTR);
}

}  // namespace

void FrameWriter::write(Frame::Kind kind, std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> frame(kHeadSize + bytes.size());
  frame[0] = static_cast<std::uint8_t>(kind);
  for (std::size_t i = 0; i < 8; ++i)
    frame[1 + i] = static_cast<std::uint8_t>(bytes.size() >> (8 * i));
  std::copy(bytes.begin(), bytes.end(), frame.begin() + kHeadSize);
  for (std::size_t at = 0; at < frame.size();) {
    const ssize_t size = ::write(descriptor_, frame.data() + at, frame.size() - at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) _exit(1);
    at += static_cast<std::size_t>(size);
  }
}

Child::Child(const Around& around, const std::function<void(FrameWriter&)>& body) {
  // One at a time: a child that is forked between another's pipe and fork would hold that one's
  // writing ends open, and so hide its end for as long as it lives itself.
  static std::mutex forking;
  const std::lock_guard alone(forking);
  std::array<int, 2> frames = open_pipe();
  std::array<int, 2> errors{-1, -1};
  try {
    errors = open_pipe();
  } catch (...) {
    for (int& end : frames) close_and_forget(end);
    throw;
  }
  const pid_t parent = getpid();
  if (around.before) around.before();
  pid_ = fork();
  if (pid_ == 0) {
    settle_in(parent, errors[1]);
    if (around.in_child) around.in_child();
    FrameWriter writer(frames[1]);
    body(writer);
    _exit(0);
  }
  const int fork_error = errno;
  if (around.in_parent) around.in_parent();
  close_and_forget(frames[1]);
  close_and_forget(errors[1]);
  frames_ = frames[0];
  stderr_ = errors[0];
  if (pid_ < 0) {
    close_and_forget(frames_);
    close_and_forget(stderr_);
    throw std::system_error(fork_error, std::generic_category(), "fork a simulation's child");
  }
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    reap();
  }
  close_and_forget(frames_);
  close_and_forget(stderr_);
}

void Child::reap() {
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool Child::listen(const std::function<void(Frame)>& take, const std::function<bool()>& go_on) {
  while (frames_ >= 0 || stderr_ >= 0) {
    if (!go_on()) {
      kill(pid_, SIGKILL);
      reap();
      return false;
    }
    std::array<pollfd, 2> polled{pollfd{frames_, POLLIN, 0}, pollfd{stderr_, POLLIN, 0}};
    if (poll(polled.data(), polled.size(), kPollMs) <= 0) continue;
    if (polled[0].revents != 0 && !read_some(frames_, [&](const char* data, std::size_t size) {
          incoming_.insert(incoming_.end(), data, data + size);
        }))
      close_and_forget(frames_);
    if (polled[1].revents != 0 && !read_some(stderr_, [&](const char* data, std::size_t size) {
          stderr_tail_.append(data, size);
          if (stderr_tail_.size() > kStderrTail)
            stderr_tail_.erase(0, stderr_tail_.size() - kStderrTail);
        }))
      close_and_forget(stderr_);
    cut_frames(take);
  }
  reap();
  return true;
}

void Child::cut_frames(const std::function<void(Frame)>& take) {
  std::size_t at = 0;
  while (incoming_.size() - at >= kHeadSize) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < 8; ++i) size |= std::uint64_t{incoming_[at + 1 + i]} << (8 * i);
    if (incoming_.size() - at - kHeadSize < size) break;
    Frame frame;
    frame.kind = static_cast<Frame::Kind>(incoming_[at]);
    const auto first = incoming_.begin() + static_cast<std::ptrdiff_t>(at + kHeadSize);
    frame.bytes.assign(first, first + static_cast<std::ptrdiff_t>(size));
    at += kHeadSize + static_cast<std::size_t>(size);
    take(std::move(frame));
  }
  incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(at));
}

int Child::signal() const {
  return WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
}
int Child::exit_code() const {
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 0;
}

}  // namespace poise::ns3world
