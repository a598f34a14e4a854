// The life of an agent's daemon: one Agent, its streams to the balancers, and what is changed on
// the host.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "model/balancer/agent.h"
#include "realnet/control/dialer.h"
#include "realnet/control/waiting_orders.h"
#include "realnet/daemon/frame.h"
#include "realnet/daemon/health/health_checker.h"
#include "realnet/daemon/record_file.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/xdp_way.h"
#include "realnet/packets/shards.h"

namespace poise::realnet {

// The VIPs stay on the host as long as the agent wants them (its notices attach and detach): not a
// balancer's death takes them away, and not its own.
class AgentRole {
 public:
  using ReadAgain = std::function<AgentSettings()>;

  // Throws SystemError.
  AgentRole(const AgentSettings& settings, ReadAgain read_again);

  // Until it is told to stop; the exit status.
  int run();

 private:
  void add_shard();
  std::unique_ptr<RecordWriter> open_record();
  StreamEvents stream_events();
  Frame::Role role();
  void carry(const Message& message);
  void take_notice(const Notice& notice);
  void apply_host();
  void watch_health();
  void watch_tunnels();
  void answer(const nlohmann::json& request, Reply reply);
  void order(Command::Kind kind, Reply reply);
  void announce(const nlohmann::json& request, Reply reply);
  void end_announcement();
  // Whose answers will come, as notices name them; nullopt: no balancer can be asked that.
  std::optional<std::set<std::string>> command(Command::Kind kind);
  bool has_left();
  std::size_t registered_count();
  Answer balancers();
  std::string metrics();
  std::string unready();
  std::string reload();
  void begin();
  void drain();
  void leave();

  AgentSettings settings_;
  ReadAgain read_again_;
  Frame frame_;
  std::unique_ptr<RecordFile> record_;
  XdpWay xdp_;
  Shards<Agent> shards_;
  std::optional<Dialer> dialer_;
  WaitingOrders waiting_;
  // What a server said of itself, until the balancers have answered.
  struct Announcement {
    ReplicaStatus status;
    std::size_t unanswered = 0;
    Answer outcome;
    Reply reply;
  };
  std::optional<Announcement> announcement_;
  boost::asio::steady_timer announcement_timer_;
  boost::asio::steady_timer begin_timer_, drain_timer_;
  std::atomic<bool> with_vips_;
  bool leaving_ = false;
  std::uint64_t not_vip_ = 0, strangers_ = 0;  // datagrams that were warned about
  std::optional<HealthChecker> health_;
};

}  // namespace poise::realnet
