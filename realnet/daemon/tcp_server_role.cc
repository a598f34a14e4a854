// The life of a server of failover TCP.
#include "realnet/daemon/tcp_server_role.h"

#include <utility>

#include "realnet/daemon/parts.h"
#include "realnet/daemon/settings/credentials.h"
#include "realnet/host/route.h"

namespace poise::realnet {

namespace {

constexpr std::uint64_t kNeverTold = ~std::uint64_t{0};       // no epoch
constexpr auto kSteeringMax = std::chrono::milliseconds{25};  // longer than an agent waits
constexpr auto kLastWords = std::chrono::milliseconds{50};    // for the streams to be flushed

Departure departure_of(Leave leave) {
  switch (leave) {
    case Leave::joined:
      return Departure::joined;
    case Leave::device:
      return Departure::device;
    case Leave::raw:
      return Departure::raw;
  }
  return Departure::joined;
}

}  // namespace

TcpServerRole::TcpServerRole(const TcpServerSettings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      frame_(settings.name, settings.log, settings.state),
      link_(link_of(settings)),
      application_(application_of(settings)),
      leaving_(frame_.io()) {
  settings_.seed = seed_of(settings.seed, frame_.log());
  const bool is_replica = settings_.tcp == TcpKind::failover;
  const std::uint32_t index = is_replica ? replica_index(settings_) : 0;
  if (settings_.move == VipMove::arp)
    presence_.emplace(
        frame_.io(), vips_of(settings_), link_, [this] { return loop_ && loop_->may_speak(); },
        [this](const std::string& what) {
          frame_.log().warning("presence", {{"what", what}});
        });
  loop_.emplace(frame_.io(), host_config(settings_, index, *application_),
                Tun("poise%d", settings_.offload), departure_of(settings_.leave),
                HostLoop::Owner{
                    .notice = [this](const Notice& notice) { take_notice(notice); },
                    .serving = [this](bool serves) { on_serving(serves); },
                    .settled = [this] { tell_agent(); },
                    .failed = [this](const std::exception& error) { frame_.fail(error.what()); }});
  if (!is_replica) return;
  if (!settings_.pair.empty()) {
    told_ = {settings_.pair, static_cast<std::uint8_t>(index), kNeverTold, false};
    agent_.emplace(frame_.io(), settings_.agent_socket, [this](const std::string& what) {
      frame_.log().warning("agent", {{"what", what}});
    });
    agent_->when_heard([this] { loop_->release(); });
  }
  loop_->use(std::make_unique<ReplicaStreams>(frame_.io(), streams_config(settings_, index),
                                              load_credentials(settings_.credentials),
                                              loop_->stream_events([this](const std::string& what) {
                                                frame_.log().warning("stream", {{"what", what}});
                                              })));
}

int TcpServerRole::run() {
  frame_.host().apply(host_plan(settings_, link_));
  for (const Address& vip : vips_of(settings_)) route_to(vip, loop_->tun().interface());
  take_precedence(settings_.precedence, frame_.log());
  loop_->start();
  const int status =
      frame_.run(role(), settings_.operator_side.socket, settings_.metrics, settings_.stop_drain);
  loop_.reset();
  return status;
}

void TcpServerRole::take_notice(const Notice& notice) {
  write_notice(frame_.log(), notice);
  if (!stopping_ || notice.kind != "handed-over") return;
  loop_->part();
  leaving_.expires_after(kLastWords);
  leaving_.async_wait([this](const boost::system::error_code& error) {
    if (!error) frame_.finish();
  });
}

// Neighbours and balancers hear of it before a segment leaves (rule R13): what clients answer to
// the first would go to who served before.
void TcpServerRole::on_serving(bool serves) {
  if (agent_ && serves && agent_->heard()) loop_->hold(kSteeringMax);
  tell_agent();
  if (!presence_) return;
  serves ? presence_->appear() : presence_->vanish();
}

// The balancers follow who holds the newest epoch; what their agent heard is what they know.
void TcpServerRole::tell_agent() {
  const tcp::Host& host = loop_->host();
  const bool active = host.role() == tcp::Role::active;
  if (!agent_ || (told_.epoch == host.epoch() && told_.active == active)) return;
  told_.epoch = host.epoch();
  told_.active = active;
  agent_->say(nlohmann::json{{"do", "replica"},
                             {"pair", told_.pair},
                             {"index", told_.index},
                             {"epoch", told_.epoch},
                             {"state", active ? "active" : "standby"}}
                  .dump());
}

Frame::Role TcpServerRole::role() {
  return {.name = std::string(to_string(settings_.service)),
          .answer = [this](const nlohmann::json& request,
                           Reply reply) { answer(request, std::move(reply)); },
          .status = [this] { return status(); },
          .reload = [this] { return reload(); },
          .drain = [this] { drain(); },
          .metrics = [this] { return metrics(); },
          .unready = [this] { return unready(); }};
}

Answer TcpServerRole::status() const {
  const tcp::Host& host = loop_->host();
  const ReplicaStreams* streams = loop_->streams();
  return {{"tcp", to_string(host.role())},
          {"epoch", host.epoch()},
          {"protected", host.is_protected()},
          {"connections", host.slots().size()},
          {"replica_connected", streams && streams->replica_up()},
          {"witness_connected", streams && streams->witness_up()},
          {"agent_told", agent_ && agent_->heard()},
          {"logged", host.logged()},
          {"committed", host.committed()},
          {"device", loop_->tun().interface().name}};
}

void TcpServerRole::answer(const nlohmann::json& request, Reply reply) {
  using Order = tcp::Host::Order;
  const std::string what = request.at("do");
  if (what == "connections" || what == "flows") {
    const Answer rows = connections_of(loop_->host());
    return reply(done(std::to_string(rows.size()) + " connections", rows));
  }
  if (what == "counters") return reply(done("counted since the start", counters_of(*loop_)));
  if (what == "migrate") return order(Order::migrate, what, reply);
  if (what == "promote") return order(Order::promote, what, reply);
  if (what == "solo") return order(Order::solo, what, reply);
  reply(refused(settings_.name + " does not know \"" + what + '"'));
}

void TcpServerRole::order(tcp::Host::Order order, const std::string& word, const Reply& reply) {
  const bool taken =
      loop_->act([order](Instant now, tcp::Host& host) { return host.on_order(now, order); });
  const std::string role(to_string(loop_->host().role()));
  reply(taken ? done(word + ": taken, now " + role)
              : refused("its state does not allow it: it is " + role +
                        (loop_->host().is_protected() ? ", protected" : ", not protected")));
}

std::string TcpServerRole::metrics() {
  Exposition exposition;
  write_figures(*loop_, exposition);
  return exposition.text();
}

std::string TcpServerRole::unready() {
  const tcp::Host& host = loop_->host();
  const bool serves = host.role() == tcp::Role::active || host.role() == tcp::Role::alone;
  return serves ? "" : "it is " + std::string(to_string(host.role()));
}

std::string TcpServerRole::reload() {
  const TcpServerSettings fresh = read_again_();
  const std::string outcome = reloaded(changes(settings_, fresh));
  if (ReplicaStreams* streams = loop_->streams()) streams->use(load_credentials(fresh.credentials));
  frame_.log().change(fresh.log);
  settings_.log = fresh.log;
  settings_.credentials = fresh.credentials;
  return outcome;
}

// The connections go to the standby when there is one, and end with the process when not.
void TcpServerRole::drain() {
  stopping_ = true;
  const bool hands_over = loop_->act(
      [](Instant now, tcp::Host& host) { return host.on_order(now, tcp::Host::Order::migrate); });
  if (!hands_over) frame_.finish();
}

}  // namespace poise::realnet
