// An operator's order to a daemon of the lab, without waiting for it.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "realnet/lab/traffic/loop.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// One request over the daemon's socket (realnet/control: the operator's protocol).
class Order {
 public:
  // Told of the answer, or of one that says why there is none: {"ok":false,"error":"..."}. Not
  // called after this is destroyed; it may destroy this.
  using Answered = std::function<void(const nlohmann::json& answer)>;

  // Sends the request, one line of JSON. Keeps a reference to the loop.
  Order(Loop& loop, const std::string& socket, const std::string& request, Answered answered);
  ~Order();
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

 private:
  void read();
  void end(const std::string& line);

  Loop& loop_;
  Answered answered_;
  Fd socket_;
  std::string line_;
};

}  // namespace poise::realnet::lab
