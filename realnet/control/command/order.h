// What an operator's command line asks for.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace poise::realnet {

// The statuses that poisectl ends with.
enum class Exit : int { done = 0, refused = 1, usage = 2, no_answer = 3 };

struct Order {
  std::string socket;  // empty: the daemon that is there
  bool json = false;
  bool names = false;      // of backends, one a line
  std::string completion;  // a shell's name: print its completion, ask nobody
  std::chrono::milliseconds timeout{};
  nlohmann::ordered_json request = nlohmann::ordered_json::object();  // empty: none
};

// Prints what is wrong, or the help that was asked for, and ends the process.
Order parse_order(int count, char** words);

}  // namespace poise::realnet
