// Which neighbour on a device's link a datagram goes to.
#include "realnet/packets/next_hops.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

struct Question {
  alignas(nlmsghdr) std::array<char, 256> bytes{};
  nlmsghdr* header = ::mnl_nlmsg_put_header(bytes.data());

  template <class Body>
  Body& begin(std::uint16_t type) {
    header->nlmsg_type = type;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    return *static_cast<Body*>(::mnl_nlmsg_put_extra_header(header, sizeof(Body)));
  }
  void put(std::uint16_t type, const Address& address) {
    const std::span bytes_of = std::span(address.bytes()).subspan(address.is_v4() ? 12 : 0);
    ::mnl_attr_put(header, type, bytes_of.size(), bytes_of.data());
  }
};

std::uint8_t family_of(const Address& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}

std::optional<Address> address_in(const nlattr* attribute) {
  const auto* bytes = static_cast<const std::uint8_t*>(::mnl_attr_get_payload(attribute));
  if (::mnl_attr_get_payload_len(attribute) == 4)
    return Address::v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                       std::uint32_t{bytes[2]} << 8 | bytes[3]);
  std::array<std::uint8_t, 16> all;
  if (::mnl_attr_get_payload_len(attribute) != all.size()) return std::nullopt;
  std::copy_n(bytes, all.size(), all.begin());
  return Address::v6(all);
}

// The attribute of a message whose own header has `header_size` bytes; nullptr: it has none.
const nlattr* find_attribute(const nlmsghdr& message, unsigned header_size, std::uint16_t type) {
  const auto* at =
      static_cast<const nlattr*>(::mnl_nlmsg_get_payload_offset(&message, header_size));
  const auto* tail = static_cast<const char*>(::mnl_nlmsg_get_payload_tail(&message));
  for (; ::mnl_attr_ok(at, static_cast<int>(tail - reinterpret_cast<const char*>(at)));
       at = ::mnl_attr_next(at))
    if (::mnl_attr_get_type(at) == type) return at;
  return nullptr;
}

}  // namespace

std::optional<MacAddress> NextHops::find(const Address& destination, Instant now) noexcept {
  const auto known = hops_.find(destination);
  if (known != hops_.end() && now < known->second.until) return known->second.mac;
  std::optional<MacAddress> mac;
  try {
    if (const std::optional<Address> next = gateway(destination)) mac = neighbour(*next);
  } catch (const SystemError&) {  // no route, or no neighbour yet
  }
  if (hops_.size() >= kCountMax) hops_.clear();
  hops_[destination] = {mac, now + kKeep};
  return mac;
}

// Itself, where the destination is on the device's link.
std::optional<Address> NextHops::gateway(const Address& destination) {
  Question question;
  auto& body = question.begin<rtmsg>(RTM_GETROUTE);
  body.rtm_family = family_of(destination);
  body.rtm_dst_len = destination.is_v4() ? 32 : 128;
  question.put(RTA_DST, destination);
  std::optional<Address> found;
  netlink_.ask(*question.header, "route to " + destination.to_string(),
               [&](const nlmsghdr& answer) {
                 if (answer.nlmsg_type != RTM_NEWROUTE) return;
                 const auto* route = static_cast<const rtmsg*>(::mnl_nlmsg_get_payload(&answer));
                 const nlattr* device = find_attribute(answer, sizeof *route, RTA_OIF);
                 if (route->rtm_type != RTN_UNICAST || !device ||
                     ::mnl_attr_get_u32(device) != device_index_)
                   return;
                 if (find_attribute(answer, sizeof *route, RTA_VIA))
                   return;  // a gateway of the other family
                 const nlattr* via = find_attribute(answer, sizeof *route, RTA_GATEWAY);
                 found = via ? address_in(via) : destination;
               });
  return found;
}

std::optional<MacAddress> NextHops::neighbour(const Address& address) {
  constexpr unsigned kUsable = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
  Question question;
  auto& body = question.begin<ndmsg>(RTM_GETNEIGH);
  body.ndm_family = family_of(address);
  body.ndm_ifindex = static_cast<int>(device_index_);
  question.put(NDA_DST, address);
  std::optional<MacAddress> found;
  netlink_.ask(*question.header, "neighbour " + address.to_string(), [&](const nlmsghdr& answer) {
    if (answer.nlmsg_type != RTM_NEWNEIGH) return;
    const auto* entry = static_cast<const ndmsg*>(::mnl_nlmsg_get_payload(&answer));
    const nlattr* mac = find_attribute(answer, sizeof *entry, NDA_LLADDR);
    if (!(entry->ndm_state & kUsable) || !mac) return;
    MacAddress bytes;
    if (::mnl_attr_get_payload_len(mac) != bytes.size()) return;
    std::memcpy(bytes.data(), ::mnl_attr_get_payload(mac), bytes.size());
    found = bytes;
  });
  return found;
}

}  // namespace poise::realnet
