// Orders whose outcome comes later, in notices.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/machine.h"
#include "realnet/control/operator_server.h"

namespace poise::realnet {

// An agent's orders go to every balancer; each answers with a notice about itself: `kind`, which is
// the outcome that was asked for, or `refused`, `lost` or `deregistered`. Answers of one balancer
// come in the order of what it was asked.
class WaitingOrders {
 public:
  // Answers once every one of `asked` (a notice's subjects) has answered: "paused at 10.0.0.1,
  // 10.0.0.2", or who did not do it and why. REQUIRES: somebody was asked.
  void add(std::string kind, std::set<std::string> asked, Reply reply);
  void take(const Notice& notice);

 private:
  struct Order {
    std::string kind;
    std::set<std::string> unanswered;
    std::vector<std::string> done_by;
    std::vector<std::string> objections;
    Reply reply;
  };
  static void end(const Order& order);

  std::vector<Order> orders_;  // oldest first
};

}  // namespace poise::realnet
