// Orders whose outcome comes later, in notices.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/machine.h"
#include "realnet/control/operator_server.h"

namespace poise::realnet {

// An agent's orders go to every balancer; each answers with a notice about itself.
class WaitingOrders {
 public:
  // Answers once `count` notices of `kind` came: "paused at 10.0.0.1, 10.0.0.2".
  void add(std::string kind, std::size_t count, Reply reply);
  void take(const Notice& notice);
  // Whoever still waits is told why there will be no outcome.
  void give_up(const std::string& why);

 private:
  struct Order {
    std::string kind;
    std::size_t count = 0;
    std::vector<std::string> subjects;
    Reply reply;
  };
  std::vector<Order> orders_;
};

}  // namespace poise::realnet
