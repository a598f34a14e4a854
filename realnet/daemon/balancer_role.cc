// The life of a balancer's daemon.
#include "realnet/daemon/balancer_role.h"

#include <csignal>
#include <utility>

#include "model/policy/policy.h"
#include "realnet/control/endpoint.h"
#include "realnet/daemon/parts.h"
#include "realnet/daemon/settings/print.h"

namespace poise::realnet {

namespace {

RulesConfig rules_of(const BalancerSettings& settings) {
  RulesConfig rules{
      .name = settings.machine.name,
      .queue_first = static_cast<std::uint16_t>(settings.packets.first_queue),
      .queue_count = static_cast<std::uint16_t>(settings.packets.queues),
      .when_deaf = settings.packets.fail == Fail::open ? WhenDeaf::pass : WhenDeaf::drop};
  for (const Vip& vip : settings.machine.vips)
    rules.matches.push_back(Match::vip(vip.address, vip.protocol,
                                       vip.port == 0 ? std::nullopt : std::optional(vip.port)));
  return rules;
}

}  // namespace

BalancerRole::BalancerRole(const BalancerSettings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      log_(settings.log),
      signals_(io_, SIGTERM, SIGINT),
      shards_(io_, {[this](const Message& message) { carry(message); },
                    [this](const Notice& notice) { write_notice(log_, notice); },
                    [this](const std::exception& error) { fail(error.what()); }}) {
  settings_.seed = settings_.machine.seed = seed_of(settings.seed, log_);
  add_shards();
  listener_.emplace(io_, endpoint_of(settings_.listen.address, settings_.listen.port),
                    credentials_of(settings_.credentials), Limits{}, stream_events());
}

void BalancerRole::add_shards() {
  const std::uint64_t digest = configuration_digest(settings_.machine, settings_.policy);
  for (std::uint32_t i = 0; i < settings_.packets.queues; ++i) {
    std::unique_ptr<RecordWriter> writer;
    if (!settings_.record.empty()) {
      const std::string path = settings_.record + (i == 0 ? "" : '.' + std::to_string(i));
      records_.push_back(std::make_unique<RecordFile>(path, [this](const std::string& why) {
        log_.error("record_failed", {{"why", why}});
      }));
      writer = records_.back()->writer(RecordedMachine::balancer, digest);
      write_file(path + ".toml", print(Loaded<BalancerSettings>{settings_, {}}));
    }
    const Emission emission =
        settings_.packets.emit == Emit::raw ? Emission::raw : Emission::verdict;
    shards_.add(std::make_unique<Balancer>(settings_.machine, policy::make(settings_.policy)),
                std::move(writer), Queue(queue_of(settings_.packets, i)), emission);
  }
}

StreamEvents BalancerRole::stream_events() {
  return {.on_peer =
              [this](PeerId peer, PeerEvent event) {
                shards_.act([&](Instant now, Recorded<Balancer>& machine) {
                  machine.on_peer(now, peer, event);
                });
              },
          .on_message =
              [this](PeerId peer, std::span<const std::uint8_t> bytes) {
                shards_.act([&](Instant now, Recorded<Balancer>& machine) {
                  machine.on_message(now, peer, bytes);
                });
              },
          .log =
              [this](const std::string& what) {
                log_.warning("stream", {{"what", what}});
              }};
}

void BalancerRole::carry(const Message& message) {
  switch (message.kind) {
    case Message::Kind::open:
      return;  // a balancer opens none
    case Message::Kind::bytes:
      return listener_->send(message.peer, message.bytes);
    case Message::Kind::close:
      return listener_->close(message.peer);
  }
}

int BalancerRole::run() {
  shards_.run();
  if (settings_.packets.rules) {
    rules_.emplace(rules_of(settings_));
    rules_->install();
    for (const std::string& remark : rules_->remarks()) log_.warning("rules", {{"what", remark}});
  }
  await_signals();
  log_.event("ready", {{"name", settings_.machine.name},
                       {"listen", settings_.listen.to_string()},
                       {"queues", settings_.packets.queues}});
  io_.run();
  if (rules_) rules_->remove();
  listener_.reset();
  shards_.stop();
  log_.event("stopped", {{"name", settings_.machine.name}});
  return status_;
}

void BalancerRole::await_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stop();
  });
}

void BalancerRole::stop() {
  io_.stop();
}

void BalancerRole::fail(const std::string& why) {
  log_.error("failed", {{"why", why}});
  status_ = 1;
  io_.stop();
}

}  // namespace poise::realnet
