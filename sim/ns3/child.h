// A forked child and the pipes to it: what run_forked is made of. Knows nothing of ns-3.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace poise::ns3world {

// What a child tells its parent: a kind, and bytes.
struct Frame {
  enum class Kind : std::uint8_t { progress, result, error };
  Kind kind = Kind::progress;
  std::vector<std::uint8_t> bytes;
};

// The child's end. A parent that is gone ends the child.
class FrameWriter {
 public:
  explicit FrameWriter(int descriptor) : descriptor_(descriptor) {}
  void write(Frame::Kind kind, std::span<const std::uint8_t> bytes);

 private:
  int descriptor_;
};

// One child process, from fork to reaping: the destructor kills it if it still runs.
class Child {
 public:
  static constexpr std::size_t kStderrTail = 4096;

  // Forks. The child calls `body` and exits without running any destructor or handler of this
  // process; it ignores SIGINT (the parent decides), dies with the parent, leaves no core, and its
  // stderr comes here. `around` is called before the fork and after it on both sides.
  struct Around {
    std::function<void()> before, in_parent, in_child;
  };
  Child(const Around& around, const std::function<void(FrameWriter&)>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Hands over the frames that come until the child has ended. `go_on` is called at least every
  // 50 ms; false kills the child and gives false.
  bool listen(const std::function<void(Frame)>& take, const std::function<bool()>& go_on);

  // After listen(): the signal that ended it (0: none), its exit code, the end of its stderr.
  int signal() const;
  int exit_code() const;
  const std::string& stderr_tail() const { return stderr_tail_; }

 private:
  void cut_frames(const std::function<void(Frame)>& take);
  void reap();

  pid_t pid_ = -1;
  int frames_ = -1;  // read ends
  int stderr_ = -1;
  int status_ = 0;
  std::vector<std::uint8_t> incoming_;
  std::string stderr_tail_;
};

}  // namespace poise::ns3world
