// The life of a server of failover TCP: a tcp::Host, its application, its streams, and what is
// changed on the host.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "model/balancer/replica.h"
#include "realnet/control/standing_request.h"
#include "realnet/daemon/frame.h"
#include "realnet/daemon/tcp_parts.h"
#include "realnet/tcp/vip_presence.h"

namespace poise::realnet {

class TcpServerRole {
 public:
  using ReadAgain = std::function<TcpServerSettings()>;

  // Throws SystemError.
  TcpServerRole(const TcpServerSettings& settings, ReadAgain read_again);

  // Until it is told to stop; the exit status.
  int run();

 private:
  void take_notice(const Notice& notice);
  void on_serving(bool serves);
  void tell_agent();
  Frame::Role role();
  Answer status() const;
  void answer(const nlohmann::json& request, Reply reply);
  void order(tcp::Host::Order order, const std::string& word, const Reply& reply);
  std::string metrics();
  std::string unready();
  std::string reload();
  void drain();

  TcpServerSettings settings_;
  ReadAgain read_again_;
  Frame frame_;
  Interface link_;
  std::unique_ptr<tcp::Application> application_;
  std::optional<VipPresence> presence_;
  std::optional<HostLoop> loop_;
  ReplicaStatus told_;  // to the agent
  std::optional<StandingRequest> agent_;
  boost::asio::steady_timer leaving_;
  bool stopping_ = false;
};

}  // namespace poise::realnet
