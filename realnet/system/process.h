// Runs a command to its end: an argument vector, never a shell; text in, text out, bounded time.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace poise::realnet {

struct Command {
  std::vector<std::string> arguments;  // the first is looked up in PATH
  std::string input = {};              // the command's standard input, whole
  std::chrono::milliseconds timeout{10'000};
};

struct Finished {
  int status = 0;      // exit status; 128 + n: ended by signal n, as a shell says it
  std::string output;  // standard output
  std::string error;   // standard error
};

// Starts the command in the calling thread's namespaces with no signal blocked and reads all that
// it prints, at most 16 MiB. When the command has ended, what its own children still print is not
// waited for. Throws SystemError when it cannot be started, prints more, or does not end in time;
// it and its process group are then killed.
Finished run(const Command& command);

// The same, and gives back standard output. Throws SystemError "<command>: <its standard error>"
// unless the status is 0.
std::string run_checked(const Command& command);

// The words of a command in one line, for a person to read.
std::string to_string(const Command& command);

}  // namespace poise::realnet
