// Network namespaces that a test makes and that go with its process, and words for what is in them.
#include "tests/host/hosts.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "realnet/system/process.h"

namespace poise::realnet {
namespace {

// Rules and chains; what a tool says about itself, and policies of empty chains, are not.
void add_rules(const std::string& program, std::string& state) {
  std::istringstream lines(command(program));
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    if (line[0] == '*') table = line;
    if (line[0] == '-' || (line[0] == ':' && line.find(" - [") != std::string::npos))
      state += program + " " + table + " " + line.substr(0, line.find(" [")) + "\n";
  }
}

void add_sysctls(const std::string& folder, std::string& state) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.insert(entry.path());
  for (const std::string& file : files) {
    std::ifstream in(file);
    std::string value;
    if (std::getline(in, value)) state += file + " = " + value + "\n";
  }
}

}  // namespace

Host::Host() {
  checked(::unshare(CLONE_NEWNET), "unshare");
  fd_.reset(checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open ns/net"));
  command("ip link set lo up");
}

void Host::enter() const {
  checked(::setns(fd_.get(), CLONE_NEWNET), "setns");
}

std::string Host::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

std::string command(const std::string& words) {
  std::istringstream text(words);
  Command split{.arguments = {}};
  for (std::string word; text >> word;) split.arguments.push_back(word);
  return run_checked(split);
}

void connect(const Host& left, const std::string& left_addresses, const Host& right,
             const std::string& right_addresses) {
  left.enter();
  command("ip link add eth0 type veth peer name eth0 netns " + right.path());
  for (const auto& [host, addresses] :
       {std::pair{&right, right_addresses}, {&left, left_addresses}}) {
    host->enter();
    command("ip link set eth0 up");
    std::istringstream each(addresses);
    for (std::string address; each >> address;)
      command("ip addr add " + address + " dev eth0" +
              (address.find(':') == std::string::npos ? "" : " nodad"));
  }
}

std::string state_of_this_host() {
  std::string state;
  for (const char* program :
       {"iptables-nft-save", "iptables-legacy-save", "ip6tables-nft-save", "ip6tables-legacy-save"})
    add_rules(program, state);
  state += command("nft list tables inet");
  state += command("ip -brief addr");
  add_sysctls("/proc/sys/net/ipv4/conf", state);
  add_sysctls("/proc/sys/net/ipv6/conf", state);
  return state;
}

}  // namespace poise::realnet
