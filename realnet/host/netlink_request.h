// Requests to rtnetlink as they are written, and the attributes of its answers.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "model/address.h"
#include "realnet/host/netlink.h"

namespace poise::realnet {

struct NetlinkRequest {
  alignas(nlmsghdr) std::array<char, 256> bytes{};
  nlmsghdr* header = ::mnl_nlmsg_put_header(bytes.data());

  template <class Body>
  Body& body() {
    return *static_cast<Body*>(::mnl_nlmsg_put_extra_header(header, sizeof(Body)));
  }
};

// An address as the kernel writes it: 4 or 16 bytes.
inline std::span<const std::uint8_t> raw(const Address& address) {
  return std::span(address.bytes()).subspan(address.is_v4() ? 12 : 0);
}

// mnl_attr_for_each is written for C.
template <class Each>
void each_attribute(const nlmsghdr& message, unsigned header_length, Each each) {
  const auto* attribute =
      static_cast<const nlattr*>(::mnl_nlmsg_get_payload_offset(&message, header_length));
  const auto* tail = static_cast<const char*>(::mnl_nlmsg_get_payload_tail(&message));
  const auto left = [&] {
    return static_cast<int>(tail - reinterpret_cast<const char*>(attribute));
  };
  for (; ::mnl_attr_ok(attribute, left()); attribute = ::mnl_attr_next(attribute)) each(attribute);
}

}  // namespace poise::realnet
