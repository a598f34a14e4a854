// Network namespaces that a test makes and that go with its process, and words for what is in them.
#include "tests/host/hosts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

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

// Until the kernel has noticed that the other end is up, it drops what is sent.
void await_link(const std::string& interface) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (command("ip link show dev " + interface).find("qdisc noqueue state UP") ==
         std::string::npos)
    if (std::chrono::steady_clock::now() > deadline)
      throw SystemError("wait for " + interface, "its link is not up");
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

void connect(const End& left, const End& right) {
  left.host.enter();
  command("ip link add " + left.interface + " type veth peer name " + right.interface + " netns " +
          right.host.path());
  for (const End* end : {&right, &left}) {
    end->host.enter();
    command("ip link set " + end->interface + " up");
    std::istringstream each(end->addresses);
    for (std::string address; each >> address;)
      command("ip addr add " + address + " dev " + end->interface +
              (address.find(':') == std::string::npos ? "" : " nodad"));
  }
  for (const End* end : {&right, &left}) {
    end->host.enter();
    await_link(end->interface);
  }
}

std::string in_child(const std::function<std::string()>& act) {
  std::array<int, 2> ends{};
  checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  const Fd read(ends[0]);
  Fd write(ends[1]);
  const pid_t child = checked(::fork(), "fork");
  if (child == 0) {
    std::string text;
    try {
      text = act();
    } catch (const SystemError& error) {
      text = error.what();
    }
    const auto count = ::write(write.get(), text.data(), text.size());
    ::_exit(count == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  write.reset();
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = ::read(read.get(), buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  int status = 0;
  checked(::waitpid(child, &status, 0), "waitpid");
  return WIFSIGNALED(status) ? "killed by " + std::to_string(WTERMSIG(status)) : text;
}

Folder::Folder() {
  std::string made = (std::filesystem::temp_directory_path() / "poise-host-XXXXXX").string();
  if (::mkdtemp(made.data()) == nullptr) throw SystemError("mkdtemp " + made, errno);
  path_ = made;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
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
