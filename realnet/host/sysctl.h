// Switches of the kernel under /proc/sys/net, and which of them Poise's roles need.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/address.h"

namespace poise::realnet {

struct SysctlSetting {
  std::string
      key;  // with slashes, since interfaces' names may have dots: "net/ipv4/conf/lo/arp_ignore"
  std::string value;
  bool or_more = false;  // a larger number does as well, and is left alone
};

bool suffices(const SysctlSetting& setting, const std::string& value);

// In the calling thread's network namespace. `key` begins with "net/" and has no "..". Throw
// SystemError; a key that this kernel does not have is one (errno ENOENT).
std::string read_sysctl(const std::string& key);
void write_sysctl(const std::string& key, const std::string& value);
bool has_sysctl(const std::string& key);

// What else changes with a key: forwarding for all interfaces sets that of each, and whether
// redirects are taken. The values of now.
std::map<std::string, std::string> sysctls_that_follow(const std::string& key);

// --- what the roles need -------------------------------------------------------------------------

// A backend with a VIP on lo neither answers nor asks for it in ARP on any interface.
std::vector<SysctlSetting> quiet_arp(const std::string& interface);
// Packets that come out of a tunnel have clients' addresses, which route elsewhere.
std::vector<SysctlSetting> loose_reverse_path(const std::string& interface);
// A verdict may send a packet on from the interface on which it came. Before Linux 6.17 IPv6 has
// one switch for all interfaces; with it the host no longer takes router advertisements.
std::vector<SysctlSetting> forward_from(const std::string& interface, Family family);
// A packet that a verdict gave this host's own address as its source is no martian there.
std::vector<SysctlSetting> accept_own_source(const std::string& interface);

}  // namespace poise::realnet
