// The daemon poised: one program, a role a subcommand.
#include "realnet/daemon/command_line.h"

int main(int count, char** arguments) {
  return poise::realnet::run_command_line(count, arguments);
}
