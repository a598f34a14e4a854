// Laws of the signals and of what a service manager hears.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "realnet/daemon/service/signals.h"
#include "realnet/daemon/service/supervisor.h"
#include "realnet/daemon/service/turn_watch.h"
#include "realnet/system/fd.h"
#include "tests/daemon/temporary_file.h"

namespace poise::realnet {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

// A service manager that listens, in this process's environment while it lives.
class Listener {
 public:
  Listener() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const std::string path = folder_.file("notify");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Listener() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
  }

  // What came since the last call.
  std::vector<std::string> heard() {
    std::vector<std::string> all;
    char datagram[4096];
    for (ssize_t size; (size = ::recv(socket_.get(), datagram, sizeof datagram, MSG_DONTWAIT)) > 0;)
      all.emplace_back(datagram, static_cast<std::size_t>(size));
    return all;
  }

 private:
  TemporaryFolder folder_;
  Fd socket_;
};

TEST(Supervisor, HearsOfEveryStepOfALife) {
  Listener listener;
  Supervisor supervisor;
  supervisor.ready();
  supervisor.status("3 backends,\n1 down");
  supervisor.stopping();
  EXPECT_THAT(listener.heard(), ElementsAre("READY=1", "STATUS=3 backends, 1 down", "STOPPING=1"));
  supervisor.reloading();
  EXPECT_THAT(listener.heard(),
              ElementsAre(testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+")));
}

TEST(Supervisor, ItsAbsenceIsNoMatter) {
  boost::asio::io_context context;
  Supervisor supervisor;
  supervisor.ready();
  supervisor.watch(context, [] { return true; });
  context.run();  // there is no watchdog to wait for
}

TEST(Supervisor, TheWatchdogHearsOnlyFromTheLiving) {
  Listener listener;
  ::setenv("WATCHDOG_USEC", "20000", 1);
  boost::asio::io_context context;
  Supervisor supervisor;
  int asked = 0;
  supervisor.watch(context, [&] {
    if (++asked == 5) context.stop();
    return asked <= 3;
  });
  context.run();
  EXPECT_EQ(asked, 5);
  EXPECT_THAT(listener.heard(), ElementsAre("WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"));
}

TEST(TurnWatch, NamesTheThreadThatStandsStill) {
  TurnWatch watch;
  Instant now{};
  for (std::uint64_t second = 0; second < 5; ++second, now += 1s) {
    watch.look(now, std::vector<std::uint64_t>{20 * second, std::min(20 * second, 20ul)});
    EXPECT_EQ(watch.standing(), second < 4 ? "" : "the thread of queue 1 has stood still for 3 s");
  }
  watch.look(now, std::vector<std::uint64_t>{100, 21});
  EXPECT_EQ(watch.standing(), "");
}

TEST(TurnWatch, LooksInQuickSuccessionAccuseNobody) {
  TurnWatch watch;
  for (int i = 0; i < 1000; ++i)
    watch.look(Instant{} + i * 1ms, std::vector<std::uint64_t>{std::uint64_t(i) / 50});
  EXPECT_EQ(watch.standing(), "");
}

TEST(TurnWatch, TimeInWhichTheWholeProcessStoodStillAccusesNobody) {
  TurnWatch watch;
  watch.look(Instant{1s}, std::vector<std::uint64_t>{20});
  watch.look(Instant{1h}, std::vector<std::uint64_t>{20});
  EXPECT_EQ(watch.standing(), "");
}

// A loop with the handlers that write down what they were told.
struct Ears {
  boost::asio::io_context context;
  std::vector<std::string> heard;
  Signals signals{context,
                  {.stop = [this](int times) { heard.push_back("stop " + std::to_string(times)); },
                   .reload = [this] { heard.push_back("reload"); },
                   .reopen_log = [this] { heard.push_back("reopen"); }}};

  void send(int signal) {
    const std::size_t before = heard.size();
    ::raise(signal);
    while (heard.size() == before) context.run_one();
  }
};

TEST(Signals, EachHasItsMeaning) {
  Ears ears;
  ears.send(SIGUSR1);
  ears.send(SIGHUP);
  ears.send(SIGTERM);
  ears.send(SIGINT);
  EXPECT_THAT(ears.heard, ElementsAre("reopen", "reload", "stop 1", "stop 2"));
}

TEST(Signals, AClosedPipeEndsNobody) {
  Ears ears;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

}  // namespace
}  // namespace poise::realnet
