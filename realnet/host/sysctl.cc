// Switches of the kernel under /proc/sys/net, and which of them Poise's roles need.
#include "realnet/host/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <utility>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {
namespace {

std::string path_of(const std::string& key) {
  if (key.rfind("net/", 0) != 0 || key.find("..") != std::string::npos)
    throw SystemError("sysctl " + key, "only those of the network are Poise's to change");
  return "/proc/sys/" + key;
}

std::string conf(Family family, const std::string& interface, const std::string& leaf) {
  return std::string("net/ipv") + (family == Family::v4 ? "4" : "6") + "/conf/" + interface + "/" +
         leaf;
}

SysctlSetting at_least(std::string key, int least) {
  return {.key = std::move(key), .value = std::to_string(least), .or_more = true};
}

}  // namespace

bool suffices(const SysctlSetting& setting, const std::string& value) {
  if (!setting.or_more) return value == setting.value;
  const auto number = [](const std::string& text) {
    int parsed = 0;
    const auto end = text.data() + text.size();
    return std::from_chars(text.data(), end, parsed).ptr == end ? parsed : -1;
  };
  return number(value) >= number(setting.value);
}

std::string read_sysctl(const std::string& key) {
  const std::string attempt = "read sysctl " + key;
  const Fd file(checked(::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC), attempt));
  std::array<char, 4096> buffer;
  const int count =
      checked(static_cast<int>(::read(file.get(), buffer.data(), buffer.size())), attempt);
  std::string value(buffer.data(), static_cast<std::size_t>(count));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

void write_sysctl(const std::string& key, const std::string& value) {
  const std::string attempt = "set sysctl " + key + " to " + value;
  const Fd file(checked(::open(path_of(key).c_str(), O_WRONLY | O_CLOEXEC), attempt));
  checked(static_cast<int>(::write(file.get(), value.data(), value.size())), attempt);
}

bool has_sysctl(const std::string& key) {
  return ::access(path_of(key).c_str(), F_OK) == 0;
}

std::map<std::string, std::string> sysctls_that_follow(const std::string& key) {
  const bool v4 = key == "net/ipv4/ip_forward" || key == "net/ipv4/conf/all/forwarding";
  const bool v6 = key == "net/ipv6/conf/all/forwarding";
  std::map<std::string, std::string> found;
  if (!v4 && !v6) return found;
  const Family family = v4 ? Family::v4 : Family::v6;
  const std::string folder = v4 ? "/proc/sys/net/ipv4/conf" : "/proc/sys/net/ipv6/conf";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string each = conf(family, entry.path().filename(), "forwarding");
    if (entry.path().filename() != "all") found[each] = read_sysctl(each);
  }
  if (v4) {
    const std::string redirects = conf(family, "all", "accept_redirects");
    found[redirects] = read_sysctl(redirects);
  }
  return found;
}

std::vector<SysctlSetting> quiet_arp(const std::string& interface) {
  std::vector<SysctlSetting> settings;
  for (const std::string& name : {std::string("all"), interface}) {
    settings.push_back(at_least(conf(Family::v4, name, "arp_ignore"), 1));
    settings.push_back(at_least(conf(Family::v4, name, "arp_announce"), 2));
  }
  return settings;
}

std::vector<SysctlSetting> loose_reverse_path(const std::string& interface) {
  // The kernel takes the larger one of this and conf/all: 0 off, 1 strict, 2 loose.
  return {at_least(conf(Family::v4, interface, "rp_filter"), 2)};
}

std::vector<SysctlSetting> forward_from(const std::string& interface, Family family) {
  if (family == Family::v4) return {at_least(conf(family, interface, "forwarding"), 1)};
  const std::string one = conf(family, interface, "force_forwarding");
  return {at_least(has_sysctl(one) ? one : conf(family, "all", "forwarding"), 1)};
}

std::vector<SysctlSetting> accept_own_source(const std::string& interface) {
  return {at_least(conf(Family::v4, interface, "accept_local"), 1)};
}

}  // namespace poise::realnet
