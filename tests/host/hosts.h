// Network namespaces that a test makes and that go with its process, and words for what is in them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "model/address.h"
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

// One end of a wire.
struct End {
  const Host& host;
  std::string addresses;  // "10.0.0.1/24 fd00::1/64"
  std::string interface = "eth0";
};

// Two hosts on one wire, up and ready to be used.
void connect(const End& left, const End& right);

// Runs `act` in a child process. What it gives back or throws (a SystemError's text); "killed by 9"
// when a signal ended it.
std::string in_child(const std::function<std::string()>& act);

// A folder that goes with the test.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Address address(std::string_view text) {
  return Address::parse(text).value();
}

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
