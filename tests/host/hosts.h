// Network namespaces that a test makes and that go with its process, and words for what is in them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// A network namespace without a name: whoever is killed leaves none behind. The thread that makes
// one is in it.
class Host {
 public:
  Host();
  void enter() const;
  std::string path() const;  // for `ip link set ... netns PATH`, while this process lives

 private:
  Fd fd_;
};

// Runs a command where the thread is; gives back its output, throws when it fails.
std::string command(const std::string& words);

// Two hosts on one wire: eth0 of each, up, with these addresses ("10.0.0.1/24 fd00::1/64").
void connect(const Host& left, const std::string& left_addresses, const Host& right,
             const std::string& right_addresses);

// All that Poise may change: rules of both families and flavours, addresses, sysctls. Without
// counters, comments and tables that are empty.
std::string state_of_this_host();

// The error's text of something that must fail with a SystemError; a failure of the test otherwise.
template <class Act>
std::string refusal(Act act) {
  try {
    act();
  } catch (const SystemError& error) {
    return error.what();
  }
  ADD_FAILURE() << "it was not refused";
  return "";
}

}  // namespace poise::realnet
