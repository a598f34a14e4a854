// The network interfaces of this host and the addresses on them.
#include "realnet/host/interface.h"

#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "realnet/host/netlink_request.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

Address address_of(const nlattr* attribute, unsigned char family) {
  const auto* bytes = static_cast<const std::uint8_t*>(::mnl_attr_get_payload(attribute));
  if (family == AF_INET)
    return Address::v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                       std::uint32_t{bytes[2]} << 8 | bytes[3]);
  std::array<std::uint8_t, 16> all;
  std::copy_n(bytes, all.size(), all.begin());
  return Address::v6(all);
}

bool same_subnet(const Address& a, const Address& b, unsigned prefix_length) {
  if (a.family() != b.family()) return false;
  const auto left = raw(a), right = raw(b);
  for (unsigned bit = 0; bit < prefix_length; ++bit)
    if (((left[bit / 8] ^ right[bit / 8]) >> (7 - bit % 8)) & 1) return false;
  return true;
}

Interface interface_of(const nlmsghdr& message) {
  const auto* body = static_cast<const ifinfomsg*>(::mnl_nlmsg_get_payload(&message));
  Interface found{.index = static_cast<unsigned>(body->ifi_index),
                  .is_up = (body->ifi_flags & IFF_UP) != 0,
                  .is_loopback = (body->ifi_flags & IFF_LOOPBACK) != 0};
  each_attribute(message, sizeof(ifinfomsg), [&](const nlattr* attribute) {
    if (::mnl_attr_get_type(attribute) == IFLA_IFNAME) found.name = ::mnl_attr_get_str(attribute);
    if (::mnl_attr_get_type(attribute) != IFLA_ADDRESS) return;
    if (body->ifi_type != ARPHRD_ETHER || (body->ifi_flags & IFF_NOARP)) return;
    if (::mnl_attr_get_payload_len(attribute) != found.mac.size()) return;
    std::memcpy(found.mac.data(), ::mnl_attr_get_payload(attribute), found.mac.size());
    found.has_neighbours = true;
  });
  return found;
}

// Asks for an address alone to be added or deleted; false: the kernel answered `harmless`.
bool change_address(std::uint16_t type, std::uint16_t flags, const Address& address,
                    const Interface& interface, std::initializer_list<int> harmless) {
  NetlinkRequest request;
  request.header->nlmsg_type = type;
  request.header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  auto& body = request.body<ifaddrmsg>();
  body.ifa_family = address.is_v4() ? AF_INET : AF_INET6;
  body.ifa_prefixlen = static_cast<unsigned char>(full_length(address.family()));
  body.ifa_index = interface.index;
  body.ifa_scope = RT_SCOPE_UNIVERSE;
  const auto bytes = raw(address);
  ::mnl_attr_put(request.header, IFA_LOCAL, bytes.size(), bytes.data());
  ::mnl_attr_put(request.header, IFA_ADDRESS, bytes.size(), bytes.data());
  if (!address.is_v4()) ::mnl_attr_put_u32(request.header, IFA_FLAGS, IFA_F_NODAD);
  try {
    Netlink().ask(*request.header, (type == RTM_NEWADDR ? "add " : "remove ") +
                                       address.to_string() + " on " + interface.name);
    return true;
  } catch (const SystemError& error) {
    if (std::find(harmless.begin(), harmless.end(), error.error_number()) == harmless.end()) throw;
    return false;
  }
}

}  // namespace

std::vector<Interface> interfaces() {
  std::vector<Interface> all;
  NetlinkRequest request;
  request.header->nlmsg_type = RTM_GETLINK;
  request.header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body<ifinfomsg>().ifi_family = AF_UNSPEC;
  Netlink().ask(*request.header, "list the interfaces", [&](const nlmsghdr& message) {
    if (message.nlmsg_type == RTM_NEWLINK) all.push_back(interface_of(message));
  });
  return all;
}

std::vector<InterfaceAddress> interface_addresses() {
  std::vector<InterfaceAddress> all;
  NetlinkRequest request;
  request.header->nlmsg_type = RTM_GETADDR;
  request.header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body<ifaddrmsg>().ifa_family = AF_UNSPEC;
  Netlink().ask(*request.header, "list the addresses", [&](const nlmsghdr& message) {
    const auto* body = static_cast<const ifaddrmsg*>(::mnl_nlmsg_get_payload(&message));
    if (message.nlmsg_type != RTM_NEWADDR) return;
    if (body->ifa_family != AF_INET && body->ifa_family != AF_INET6) return;
    InterfaceAddress found{.interface_index = body->ifa_index,
                           .prefix_length = body->ifa_prefixlen};
    bool has_local = false;  // IFA_ADDRESS is the other end then
    each_attribute(message, sizeof(ifaddrmsg), [&](const nlattr* attribute) {
      const auto type = ::mnl_attr_get_type(attribute);
      if (type == IFA_LOCAL || (type == IFA_ADDRESS && !has_local))
        found.address = address_of(attribute, body->ifa_family);
      has_local = has_local || type == IFA_LOCAL;
    });
    all.push_back(found);
  });
  return all;
}

Interface interface_named(const std::string& name) {
  for (Interface& interface : interfaces())
    if (interface.name == name) return interface;
  throw SystemError("interface " + name, ENODEV);
}

Interface interface_towards(Address address) {
  const std::string attempt = "interface of " + address.to_string();
  std::vector<Interface> found;
  std::string names;
  const std::vector<Interface> all = interfaces();
  for (const InterfaceAddress& entry : interface_addresses()) {
    if (entry.prefix_length == full_length(address.family())) continue;
    if (!same_subnet(entry.address, address, entry.prefix_length)) continue;
    for (const Interface& interface : all) {
      if (interface.index != entry.interface_index || interface.is_loopback) continue;
      names += (names.empty() ? "" : ", ") + interface.name + " (" + entry.address.to_string() +
               "/" + std::to_string(entry.prefix_length) + ")";
      if (found.empty() || found.back().index != interface.index) found.push_back(interface);
    }
  }
  if (found.empty())
    throw SystemError(attempt, "no interface has a subnet with it; name the interface");
  for (const Interface& interface : found)
    if (interface.index != found.front().index)
      throw SystemError(attempt,
                        "several have a subnet with it: " + names + "; name the interface");
  return found.front();
}

bool add_address(Address address, const Interface& interface) {
  // With another prefix length the kernel would take it a second time.
  for (const InterfaceAddress& entry : interface_addresses())
    if (entry.interface_index == interface.index && entry.address == address) return false;
  return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, interface, {EEXIST});
}

bool remove_address(Address address, const Interface& interface) {
  const auto all = interface_addresses();
  const bool is_there = std::any_of(all.begin(), all.end(), [&](const InterfaceAddress& entry) {
    return entry.interface_index == interface.index && entry.address == address &&
           entry.prefix_length == full_length(address.family());
  });
  return is_there && change_address(RTM_DELADDR, 0, address, interface, {EADDRNOTAVAIL, ENODEV});
}

}  // namespace poise::realnet
