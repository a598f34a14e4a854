// The life of an agent's daemon.
#include "realnet/daemon/agent_role.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "realnet/control/endpoint.h"
#include "realnet/daemon/host_plans.h"
#include "realnet/daemon/metrics/figures.h"
#include "realnet/daemon/packet_counters.h"
#include "realnet/daemon/parts.h"
#include "realnet/daemon/settings/print.h"
#include "realnet/system/clock.h"
#include "realnet/system/file.h"

namespace poise::realnet {

namespace {

constexpr auto kBalancersAnswerMax = std::chrono::milliseconds{20};

// A balancer has heard of it: what an active waits for is that the pair's packets come.
bool is_answer(const Notice& notice, const ReplicaStatus& status) {
  if (notice.kind == "fenced") return true;
  return notice.kind == "steered" &&
         (!status.active || notice.detail == "STEERED " + status.pair + ' ' +
                                                 std::to_string(status.index) + ' ' +
                                                 std::to_string(status.epoch));
}

std::string_view outcome_of(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::drain:
    case Command::Kind::pause:
      return "paused";
    case Command::Kind::resume:
      return "resumed";
    case Command::Kind::deregister:
      return "deregistered";
  }
  return "";
}

}  // namespace

AgentRole::AgentRole(const AgentSettings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      frame_(settings.machine.name, settings.log, settings.state),
      xdp_(settings),
      shards_(frame_.io(),
              {.send = [this](const Message& message) { carry(message); },
               .notice = [this](const Notice& notice) { take_notice(notice); },
               .failed = [this](const std::exception& error) { frame_.fail(error.what()); },
               .settled = {}}),
      announcement_timer_(frame_.io()),
      begin_timer_(frame_.io()),
      drain_timer_(frame_.io()),
      with_vips_(holds_vips(settings)) {
  settings_.seed = settings_.machine.seed = seed_of(settings.seed, frame_.log());
  add_shard();
  dialer_.emplace(frame_.io(), endpoint_of(settings_.machine.address, 0).address(),
                  credentials_of(settings_.credentials), settings_.limits, stream_events());
}

void AgentRole::add_shard() {
  shards_.add(std::make_unique<Agent>(settings_.machine), open_record(),
              {Queue(queue_of(settings_.packets, 0)), xdp_.take_rings(0)},
              emission_of(settings_.packets), seat_of(settings_.packets, 0));
}

std::unique_ptr<RecordWriter> AgentRole::open_record() {
  if (settings_.record.empty()) return nullptr;
  record_ = std::make_unique<RecordFile>(settings_.record, [this](const std::string& why) {
    frame_.log().error("record_failed", {{"why", why}});
  });
  replace_file(settings_.record + ".toml", print(Loaded<AgentSettings>{settings_, {}}));
  return record_->writer(RecordedMachine::agent, configuration_digest(settings_.machine));
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
                frame_.log().warning("stream", {{"what", what}});
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
  write_notice(frame_.log(), notice);
  waiting_.take(notice);
  if (announcement_ && is_answer(notice, announcement_->status) && --announcement_->unanswered == 0)
    end_announcement();
  if (notice.kind == "attach" || notice.kind == "detach") {
    with_vips_ = notice.kind == "attach";
    apply_host();
  }
  if (leaving_ && has_left()) frame_.finish();
}

void AgentRole::apply_host() {
  frame_.host().apply_soon(host_plan(settings_, with_vips_), [this](const std::string& why_not) {
    if (!why_not.empty()) frame_.fail(why_not);
  });
}

int AgentRole::run() {
  shards_.run();
  frame_.host().apply(host_plan(settings_, with_vips_));
  xdp_.open(frame_.log());
  begin_timer_.expires_after(std::max(Instant{settings_.begin_at} - now(), Duration::zero()));
  begin_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) begin();
  });
  const int status = frame_.run(role(), settings_.operator_side.socket, settings_.metrics,
                                settings_.stop_drain + std::chrono::seconds{1});
  health_.reset();
  dialer_.reset();
  xdp_.close();
  shards_.stop();
  return status;
}

void AgentRole::begin() {
  shards_.act([](Instant now, Recorded<Agent>& machine) { machine.start(now); });
  watch_health();
}

// The service is asked at the VIP as soon as that is on this host: before, it would be somebody
// else's.
void AgentRole::watch_health() {
  if (settings_.health.check.kind == HealthCheck::Kind::none) return;
  const auto host = [this] {
    return with_vips_ ? settings_.machine.vips[0].address : settings_.machine.address;
  };
  health_.emplace(settings_.health, host, [this](bool well, const std::string& why) {
    boost::asio::post(frame_.io(), [this, well, why] {
      if (well)
        frame_.log().event("service_well", {});
      else
        frame_.log().warning("service_unwell", {{"why", why}});
      shards_.act(
          [&](Instant now, Recorded<Agent>& machine) { machine.on_health(now, well ? 200 : 503); });
    });
  });
}

// Whose settings do not agree would otherwise lose flows in silence: registration says nothing of
// VIPs.
void AgentRole::watch_tunnels() {
  const auto warn_of = [this](std::uint64_t& known, std::uint64_t count, std::string_view why) {
    if (count > known)
      frame_.log().warning("tunnelled_dropped", {{"datagrams", count - known}, {"why", why}});
    known = count;
  };
  std::uint64_t not_vip = 0, strangers = 0;
  shards_.look_at_first([&](const Shard<Agent>& shard) {
    not_vip = shard.machine().counters()[Count::drop_not_vip];
    strangers = shard.machine().counters()[Count::drop_stranger];
  });
  warn_of(not_vip_, not_vip, "a balancer serves a VIP that these settings do not have");
  warn_of(strangers_, strangers, "they come from no balancer in these settings");
}

Frame::Role AgentRole::role() {
  return {.name = "agent",
          .answer = [this](const nlohmann::json& request,
                           Reply reply) { answer(request, std::move(reply)); },
          .status =
              [this] {
                Answer replica;
                shards_.look_at_first([&](const Shard<Agent>& shard) {
                  if (shard.machine().replica()) replica = replica_line(*shard.machine().replica());
                });
                return Answer{{"replica", replica},
                              {"address", settings_.machine.address.to_string()},
                              {"vips_attached", with_vips_.load()},
                              {"balancers", settings_.balancers.size()},
                              {"balancers_registered_at", registered_count()}};
              },
          .reload = [this] { return reload(); },
          .drain = [this] { drain(); },
          .metrics = [this] { return metrics(); },
          .unready = [this] { return unready(); },
          .every_second = [this] { watch_tunnels(); },
          .turns = [this] { return shards_.turns(); }};
}

void AgentRole::answer(const nlohmann::json& request, Reply reply) {
  const std::string what = request.at("do");
  if (what == "backends") {
    const Answer list = balancers();
    return reply(done(std::to_string(list.size()) + " balancers", list));
  }
  if (what == "counters") {
    Answer result = packet_counters(shards_);
    add_stream_counters(result, dialer_->counters());
    return reply(done("counted since the start", result));
  }
  if (what == "flows") return reply(refused("an agent keeps no flows: ask a balancer"));
  if (what == "replica") return announce(request, std::move(reply));
  const std::optional<Command::Kind> kind = order_of(request);
  if (!kind) return reply(refused("an agent does not know \"" + what + '"'));
  order(*kind, std::move(reply));
}

// The outcome is what every balancer that was asked says.
void AgentRole::order(Command::Kind kind, Reply reply) {
  std::optional<std::set<std::string>> asked = command(kind);
  if (!asked)
    return reply(refused(registered_count() == 0 ? "no balancer has it registered"
                                                 : "its state does not allow it at any balancer"));
  if (asked->empty()) return reply(done("it will not register any more"));
  waiting_.add(std::string(outcome_of(kind)), std::move(*asked), std::move(reply));
}

// Saying the same again costs nothing and changes nothing: a server may repeat itself. The answer
// comes when the balancers' have come, so that a server knows where its clients' packets go.
void AgentRole::announce(const nlohmann::json& request, Reply reply) {
  const std::optional<ReplicaStatus> status = replica_of(request);
  if (!status)
    return reply(
        refused("a replica is a pair, an index of 0 or 1, an epoch and active or standby"));
  const ReplicaSeat& seat = settings_.machine.replica;
  if (!seat.pair.empty() && (seat.pair != status->pair || seat.index != status->index))
    return reply(
        refused("this host is replica " + std::to_string(seat.index) + " of " + seat.pair));
  if (status->pair == settings_.machine.name)
    return reply(refused("a pair needs a name of its own, not this host's"));
  end_announcement();  // of what is not true any more
  const std::size_t count = registered_count();
  announcement_ = {
      *status, count,
      done("replica " + std::to_string(status->index) + " of " + status->pair + ", epoch " +
               std::to_string(status->epoch) + (status->active ? ", active" : ", standing by"),
           {{"balancers_registered_at", count}}),
      std::move(reply)};
  announcement_timer_.expires_after(kBalancersAnswerMax);
  announcement_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) end_announcement();
  });
  const bool is_news = shards_.act([&](Instant now, Recorded<Agent>& machine) {
    const bool differs = machine.machine().replica() != *status;
    machine.on_replica(now, *status);
    return differs;
  });
  if (!is_news || count == 0) end_announcement();
}

void AgentRole::end_announcement() {
  if (!announcement_) return;
  announcement_timer_.cancel();
  const Announcement ended = std::move(*announcement_);
  announcement_.reset();
  ended.reply(ended.outcome);
}

std::optional<std::set<std::string>> AgentRole::command(Command::Kind kind) {
  std::set<std::string> asked;
  const CommandResult result = shards_.act([&](Instant now, Recorded<Agent>& machine) {
    const CommandResult of_machine = machine.on_command(now, {kind, settings_.machine.name});
    for (const PeerId peer : machine.machine().asked())
      asked.insert(settings_.balancers[peer].address.to_string());
    return of_machine;
  });
  if (result != CommandResult::done) return std::nullopt;
  return asked;
}

bool AgentRole::has_left() {
  bool has_left = false;
  shards_.look_at_first([&](const Shard<Agent>& shard) { has_left = shard.machine().has_left(); });
  return has_left;
}

std::size_t AgentRole::registered_count() {
  std::size_t count = 0;
  shards_.look_at_first([&](const Shard<Agent>& shard) {
    for (PeerId peer = 0; peer < settings_.balancers.size(); ++peer) {
      const AgentState state = shard.machine().state(peer);
      count += state == AgentState::active || state == AgentState::paused;
    }
  });
  return count;
}

Answer AgentRole::balancers() {
  Answer list = Answer::array();
  shards_.look_at_first([&](const Shard<Agent>& shard) {
    for (PeerId peer = 0; peer < settings_.balancers.size(); ++peer)
      list.push_back({{"balancer", settings_.balancers[peer].to_string()},
                      {"state", to_string(shard.machine().state(peer))},
                      {"name", dialer_->name_of(peer)},
                      {"steering", shard.machine().steering(peer)}});
  });
  return list;
}

std::string AgentRole::metrics() {
  Exposition exposition;
  std::optional<AgentFigures> figures;
  shards_.look_at_first([&](const Shard<Agent>& shard) { figures.emplace(shard.machine()); });
  figures->write(exposition);
  write_process_figures(exposition);
  return exposition.text();
}

std::string AgentRole::unready() {
  return registered_count() > 0 ? "" : "no balancer has it registered";
}

std::string AgentRole::reload() {
  const AgentSettings fresh = read_again_();
  const std::string outcome = reloaded(changes(settings_, fresh));
  const Credentials credentials = credentials_of(fresh.credentials);  // all or nothing
  frame_.log().change(fresh.log);
  dialer_->use(credentials);
  settings_.log = fresh.log;
  settings_.credentials = fresh.credentials;
  return outcome;
}

// No new flows; then, when the time for the old ones is up, deregisters in good order.
void AgentRole::drain() {
  static_cast<void>(command(Command::Kind::drain));
  drain_timer_.expires_after(settings_.stop_drain);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) leave();
  });
}

void AgentRole::leave() {
  leaving_ = true;
  static_cast<void>(command(Command::Kind::deregister));
  if (has_left()) frame_.finish();
}

}  // namespace poise::realnet
