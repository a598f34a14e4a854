// A process in namespaces of its own.
#include "realnet/lab/enclosure.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <exception>

#include "realnet/system/error.h"

namespace poise::realnet::lab {

struct Enclosure::Shared {
  std::atomic<double> fraction = 0;
  std::atomic<int> signal = 0;   // that ended the inmate
  std::atomic<pid_t> first = 0;  // process of the PID namespace, while it lives
};
static_assert(std::atomic<double>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

namespace {

constexpr int kPollMs = 50;
constexpr off_t kStderrTail = 4096;
constexpr int kPriority = -15;

Fd memory_file(const char* name) {
  return Fd(checked(::memfd_create(name, MFD_CLOEXEC), std::string("memfd_create ") + name));
}

void write_all(int file, const void* bytes, std::size_t size) {
  for (const char* at = static_cast<const char*>(bytes); size > 0;) {
    const ssize_t written = ::write(file, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw SystemError("write a result to memory", errno);
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

template <class Bytes>
Bytes content_of(int file, off_t size_max) {
  const off_t end = ::lseek(file, 0, SEEK_END);
  const off_t from = std::max<off_t>(end - size_max, 0);
  Bytes content(static_cast<std::size_t>(std::max<off_t>(end - from, 0)), 0);
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::pread(file, content.data() + size, content.size() - size,
                                from + static_cast<off_t>(size));
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

struct Offspring {
  pid_t process = -1;
  Fd parent_lives;  // open in its parent alone
};

// A child that lives `life`, and ends when its parent does: also if that dies before the child's
// first line, which the pipe tells.
template <class Life>
Offspring fork_dying_with_us(Life life) {
  std::array<int, 2> ends{};
  checked(::pipe2(ends.data(), O_CLOEXEC), "pipe for the lab");
  const Fd reading(ends[0]);
  Offspring offspring{-1, Fd(ends[1])};
  offspring.process = checked(::fork(), "fork the lab");
  if (offspring.process > 0) return offspring;
  offspring.parent_lives.reset();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd polled{reading.get(), 0, 0};
  ::_exit(::poll(&polled, 1, 0) > 0 ? 1 : life());
}

// Reaps whoever else ends meanwhile.
int status_of(pid_t process) {
  int status = 0;
  for (pid_t ended = 0; ended != process;) ended = ::waitpid(-1, &status, 0);
  return status;
}

// What a fresh process of our own would have; the caller may be Python or a test under a debugger.
// The caller's terminal does not reach us: the caller decides.
void settle_in(int stderr_file) {
  ::setsid();
  for (const int fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGINT, SIGPIPE})
    std::signal(fatal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;  // a socket a flow
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::dup2(stderr_file, STDERR_FILENO);
  // In real time: what else this machine does should wait. Without the right to it, so be it.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kPriority));
}

// An empty /run, which nobody else sees.
void furnish() {
  checked(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make all mounts private");
  checked(::mount("poise-lab", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "mount /run");
  checked(::mkdir("/run/netns", 0755), "mkdir /run/netns");
}

}  // namespace

class Enclosure::Inmate : public Report {
 public:
  explicit Inmate(Enclosure& enclosure) : enclosure_(enclosure) {}
  void progress(double fraction) override { enclosure_.shared_->fraction = fraction; }
  void result(std::span<const std::uint8_t> bytes) override {
    write_all(enclosure_.result_.get(), bytes.data(), bytes.size());
  }
  void error(const std::string& why) override {
    write_all(enclosure_.error_.get(), why.data(), why.size());
  }

 private:
  Enclosure& enclosure_;
};

Enclosure::Enclosure(const std::function<void(Report&)>& body)
    : result_(memory_file("result")), error_(memory_file("error")), stderr_(memory_file("stderr")) {
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SystemError("mmap for the lab", errno);
  shared_ = new (memory) Shared;
  try {
    Offspring offspring = fork_dying_with_us([&] {
      settle_in(stderr_.get());
      return guard(body);
    });
    warden_ = offspring.process;
    alive_ = std::move(offspring.parent_lives);
  } catch (...) {
    ::munmap(shared_, sizeof(Shared));
    throw;
  }
}

// The warden's whole life: its child is the first process of the PID namespace, and the child's
// child is the inmate, so that signals end it as they end any process.
int Enclosure::guard(const std::function<void(Report&)>& body) {
  Inmate inmate(*this);
  const auto tell = [&inmate](const auto& life) {
    try {
      return life();
    } catch (const std::exception& error) {
      inmate.error(error.what());
      return 1;
    }
  };
  const auto live = [&] {
    body(inmate);
    return 0;
  };
  const auto enclose = [&] {
    furnish();
    const Offspring offspring = fork_dying_with_us([&] { return tell(live); });
    const int status = status_of(offspring.process);
    if (WIFSIGNALED(status)) shared_->signal = WTERMSIG(status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  };
  return tell([&] {
    checked(::unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET),
            "unshare namespaces for the lab (it needs root)");
    const Offspring first = fork_dying_with_us([&] { return tell(enclose); });
    shared_->first = first.process;
    const int status = status_of(first.process);
    shared_->first = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  });
}

Enclosure::~Enclosure() {
  if (warden_ > 0) end();
  ::munmap(shared_, sizeof(Shared));
}

// With its first process, all of a PID namespace has ended; the warden tells of that by ending.
void Enclosure::end() {
  const pid_t first = shared_->first;
  ::kill(first > 0 ? first : warden_, SIGKILL);
  reap();
}

void Enclosure::reap() {
  int status = 0;
  while (::waitpid(warden_, &status, 0) < 0 && errno == EINTR) {
  }
  warden_ = -1;
  signal_ = WIFSIGNALED(status) ? WTERMSIG(status) : shared_->signal.load();
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

bool Enclosure::wait(const std::function<void(double)>& on_progress,
                     const std::function<bool()>& go_on) {
  const Fd ended(checked(static_cast<int>(::syscall(SYS_pidfd_open, warden_, 0)), "pidfd_open"));
  double told = 0;
  for (;;) {
    if (!go_on()) {
      end();
      return false;
    }
    pollfd polled{ended.get(), POLLIN, 0};
    const bool over = ::poll(&polled, 1, kPollMs) > 0;
    if (const double fraction = shared_->fraction; fraction != told && on_progress)
      on_progress(told = fraction);
    if (over) break;
  }
  reap();
  return true;
}

std::vector<std::uint8_t> Enclosure::result() const {
  return content_of<std::vector<std::uint8_t>>(result_.get(), off_t{1} << 40);
}

std::string Enclosure::error() const {
  return content_of<std::string>(error_.get(), kStderrTail);
}

std::string Enclosure::stderr_tail() const {
  return content_of<std::string>(stderr_.get(), kStderrTail);
}

}  // namespace poise::realnet::lab
