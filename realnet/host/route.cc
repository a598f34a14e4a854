// Routes of single addresses, by rtnetlink.
#include "realnet/host/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "realnet/host/netlink_request.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

constexpr std::uint32_t kLastMetric = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kFirstMetric = 1;

rtmsg& route(NetlinkRequest& request, std::uint16_t type, std::uint16_t flags,
             const Address& address, std::uint32_t metric) {
  request.header->nlmsg_type = type;
  request.header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  auto& body = request.body<rtmsg>();
  body.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  body.rtm_dst_len = static_cast<unsigned char>(full_length(address.family()));
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  const auto bytes = raw(address);
  ::mnl_attr_put(request.header, RTA_DST, bytes.size(), bytes.data());
  ::mnl_attr_put_u32(request.header, RTA_PRIORITY, metric);
  return body;
}

bool change_blackhole(std::uint16_t type, std::uint16_t flags, const Address& address,
                      int harmless) {
  NetlinkRequest request;
  rtmsg& body = route(request, type, flags, address, kLastMetric);
  body.rtm_type = RTN_BLACKHOLE;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  try {
    Netlink().ask(*request.header, (type == RTM_NEWROUTE ? "add" : "remove") +
                                       std::string(" the blackhole route of ") +
                                       address.to_string());
    return true;
  } catch (const SystemError& error) {
    if (error.error_number() != harmless) throw;
    return false;
  }
}

bool is_of(const nlmsghdr& message, const Address& address) {
  const auto wanted = raw(address);
  bool is_same = false;
  each_attribute(message, sizeof(rtmsg), [&](const nlattr* attribute) {
    if (::mnl_attr_get_type(attribute) != RTA_DST) return;
    const auto* bytes = static_cast<const std::uint8_t*>(::mnl_attr_get_payload(attribute));
    is_same = std::equal(wanted.begin(), wanted.end(), bytes,
                         bytes + ::mnl_attr_get_payload_len(attribute));
  });
  return is_same;
}

}  // namespace

bool add_blackhole(Address address) {
  return change_blackhole(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, address, EEXIST);
}

bool remove_blackhole(Address address) {
  return change_blackhole(RTM_DELROUTE, 0, address, ESRCH);
}

bool has_blackhole(Address address) {
  NetlinkRequest request;
  request.header->nlmsg_type = RTM_GETROUTE;
  request.header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body<rtmsg>().rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  bool found = false;
  Netlink().ask(*request.header, "list the routes", [&](const nlmsghdr& message) {
    const auto* body = static_cast<const rtmsg*>(::mnl_nlmsg_get_payload(&message));
    if (message.nlmsg_type != RTM_NEWROUTE || body->rtm_type != RTN_BLACKHOLE) return;
    if (body->rtm_dst_len == full_length(address.family())) found |= is_of(message, address);
  });
  return found;
}

void route_to(Address address, const Interface& interface) {
  NetlinkRequest request;
  rtmsg& body = route(request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, address, kFirstMetric);
  body.rtm_type = RTN_UNICAST;
  body.rtm_scope = address.is_v4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  ::mnl_attr_put_u32(request.header, RTA_OIF, interface.index);
  const std::string attempt = "route " + address.to_string() + " to " + interface.name;
  try {
    Netlink().ask(*request.header, attempt);
  } catch (const SystemError& error) {
    if (error.error_number() != EEXIST) throw;
    throw SystemError(attempt, "another device has that route: does another daemon serve it here?");
  }
}

}  // namespace poise::realnet
