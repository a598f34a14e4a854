// The life of an agent's daemon.
#include "realnet/daemon/agent_role.h"

#include <csignal>
#include <utility>

#include "model/wire/encapsulation.h"
#include "realnet/control/endpoint.h"
#include "realnet/daemon/parts.h"
#include "realnet/daemon/settings/print.h"

namespace poise::realnet {

namespace {

WhenDeaf when_deaf(const PacketSettings& settings) {
  return settings.fail == Fail::open ? WhenDeaf::pass : WhenDeaf::drop;
}

// What balancers send here.
std::vector<Match> tunnels_of(const AgentConfig& config) {
  switch (config.encapsulation) {
    case wire::Encapsulation::caplance:
      return {Match::udp_tunnel(config.address, wire::kCaplancePort)};
    case wire::Encapsulation::gue:
      return {Match::udp_tunnel(config.address, wire::kGuePort)};
    case wire::Encapsulation::ipip:
      return {Match::ip_tunnel(config.address, wire::protocol::kIpv4),
              Match::ip_tunnel(config.address, wire::protocol::kIpv6)};
    case wire::Encapsulation::gre:
      return {Match::ip_tunnel(config.address, wire::protocol::kGre)};
  }
  return {};
}

RulesConfig rules_in(const AgentSettings& settings) {
  return {.name = settings.machine.name,
          .part = "in",
          .matches = tunnels_of(settings.machine),
          .queue_first = static_cast<std::uint16_t>(settings.packets.first_queue),
          .when_deaf = when_deaf(settings.packets)};
}

// The answers whose MSS is clamped.
RulesConfig rules_out(const AgentSettings& settings) {
  RulesConfig rules{.name = settings.machine.name,
                    .part = "out",
                    .hook = RulesHook::output,
                    .queue_first = static_cast<std::uint16_t>(settings.packets.first_queue),
                    .when_deaf = WhenDeaf::pass,  // without an agent it is but a large MSS
                    .untracked = false};
  for (const Vip& vip : settings.machine.vips)
    if (vip.protocol == wire::protocol::kTcp)
      rules.matches.push_back(
          Match::syn_ack_from(vip.address, vip.port == 0 ? std::nullopt : std::optional(vip.port)));
  return rules;
}

}  // namespace

AgentRole::AgentRole(const AgentSettings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      log_(settings.log),
      signals_(io_, SIGTERM, SIGINT),
      shards_(io_, {[this](const Message& message) { carry(message); },
                    [this](const Notice& notice) { take_notice(notice); },
                    [this](const std::exception& error) { fail(error.what()); }}) {
  settings_.seed = settings_.machine.seed = seed_of(settings.seed, log_);
  add_shard();
  dialer_.emplace(io_, endpoint_of(settings_.machine.address, 0).address(),
                  credentials_of(settings_.credentials), Limits{}, stream_events());
}

void AgentRole::add_shard() {
  std::unique_ptr<RecordWriter> writer;
  if (!settings_.record.empty()) {
    record_ = std::make_unique<RecordFile>(settings_.record, [this](const std::string& why) {
      log_.error("record_failed", {{"why", why}});
    });
    writer = record_->writer(RecordedMachine::agent, configuration_digest(settings_.machine));
    write_file(settings_.record + ".toml", print(Loaded<AgentSettings>{settings_, {}}));
  }
  const Emission emission = settings_.packets.emit == Emit::raw ? Emission::raw : Emission::verdict;
  shards_.add(std::make_unique<Agent>(settings_.machine), std::move(writer),
              Queue(queue_of(settings_.packets, 0)), emission);
}

StreamEvents AgentRole::stream_events() {
  return {.on_peer =
              [this](PeerId peer, PeerEvent event) {
                shards_.act([&](Instant now, Recorded<Agent>& machine) {
                  machine.on_peer(now, peer, event);
                });
              },
          .on_message =
              [this](PeerId peer, std::span<const std::uint8_t> bytes) {
                shards_.act([&](Instant now, Recorded<Agent>& machine) {
                  machine.on_message(now, peer, bytes);
                });
              },
          .log =
              [this](const std::string& what) {
                log_.warning("stream", {{"what", what}});
              }};
}

void AgentRole::carry(const Message& message) {
  switch (message.kind) {
    case Message::Kind::open: {
      const Endpoint& balancer = settings_.balancers[message.peer];
      return dialer_->open(message.peer, endpoint_of(balancer.address, balancer.port));
    }
    case Message::Kind::bytes:
      return dialer_->send(message.peer, message.bytes);
    case Message::Kind::close:
      return dialer_->close(message.peer);
  }
}

void AgentRole::take_notice(const Notice& notice) {
  write_notice(log_, notice);
}

void AgentRole::install_rules() {
  rules_.push_back(std::make_unique<Rules>(rules_in(settings_)));
  if (settings_.machine.clamp_mss && !rules_out(settings_).matches.empty())
    rules_.push_back(std::make_unique<Rules>(rules_out(settings_)));
  for (const std::unique_ptr<Rules>& rules : rules_) {
    rules->install();
    for (const std::string& remark : rules->remarks()) log_.warning("rules", {{"what", remark}});
  }
}

int AgentRole::run() {
  shards_.run();
  if (settings_.packets.rules) install_rules();
  await_signals();
  shards_.act([](Instant now, Recorded<Agent>& machine) { machine.start(now); });
  log_.event("ready", {{"name", settings_.machine.name}});
  io_.run();
  for (const std::unique_ptr<Rules>& rules : rules_) rules->remove();
  dialer_.reset();
  shards_.stop();
  log_.event("stopped", {{"name", settings_.machine.name}});
  return status_;
}

void AgentRole::await_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stop();
  });
}

void AgentRole::stop() {
  io_.stop();
}

void AgentRole::fail(const std::string& why) {
  log_.error("failed", {{"why", why}});
  status_ = 1;
  io_.stop();
}

}  // namespace poise::realnet
