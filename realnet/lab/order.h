// An operator's order to a daemon of the lab, without waiting for it.
#pragma once

#include <functional>
#include <string>

#include "realnet/lab/traffic/loop.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// One request over the daemon's socket (realnet/control: the operator's protocol).
class Order {
 public:
  // `answered`: what was wrong, or empty when it was done; not called after this is destroyed.
  using Answered = std::function<void(const std::string& why_not)>;

  // Sends the request, one line of JSON. Keeps a reference to the loop.
  Order(Loop& loop, const std::string& socket, const std::string& request, Answered answered);
  ~Order();
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

 private:
  void read();
  void end(const std::string& why_not);

  Loop& loop_;
  Answered answered_;
  Fd socket_;
  std::string line_;
};

}  // namespace poise::realnet::lab
