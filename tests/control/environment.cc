// Every law of this folder runs in a network namespace that dies with the process.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <csignal>
#include <cstring>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {
namespace {

class OwnNetwork : public ::testing::Environment {
 public:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    checked(::unshare(CLONE_NEWNET), "unshare the network namespace");
    const Fd socket(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    checked(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "bring lo up");
  }
};

[[maybe_unused]] const auto* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new OwnNetwork);

}  // namespace
}  // namespace poise::realnet
