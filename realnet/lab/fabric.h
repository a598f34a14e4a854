// The lab's side of a network that a process of its own carries: devices, orders, reports.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/topology.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

using LinkAddress = std::array<std::uint8_t, 6>;

// Where a host's datagrams leave its kernel, as Ethernet frames from and to these addresses.
struct Attachment {
  scenario::NodeId host = 0;
  Fd tap;
  LinkAddress host_address{}, network_address{};
};

// What a Network is told, for whoever carries it.
struct FabricOrder {
  enum class Kind : std::uint8_t { present, partitioned, link_up, extra_delay, loss };
  Kind kind = Kind::present;
  std::uint32_t id = 0;    // of a node or link
  std::int64_t value = 0;  // a truth, or nanoseconds
  double probability = 0;  // of loss
};

// What the carrying process holds. Not thread-safe.
class Fabric {
 public:
  Fabric(std::vector<Attachment> attachments, Fd orders)
      : attachments_(std::move(attachments)), orders_(std::move(orders)) {}

  const std::vector<Attachment>& attachments() const { return attachments_; }
  // The next order that has come, without waiting.
  std::optional<FabricOrder> next_order();
  // The lab wants no more of it.
  bool is_over() const { return over_; }
  // Tells the lab a figure, by a name of up to 55 characters; the first one says that packets flow
  // from now on. Throws SystemError.
  void tell(const std::string& name, std::int64_t value);

 private:
  std::vector<Attachment> attachments_;
  Fd orders_;
  bool over_ = false;
};

// A figure as it is told.
struct FabricFigure {
  std::array<char, 56> name{};
  std::int64_t value = 0;
};

}  // namespace poise::realnet::lab
