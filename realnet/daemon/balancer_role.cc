// The life of a balancer's daemon.
#include "realnet/daemon/balancer_role.h"

#include <filesystem>
#include <utility>

#include "model/policy/policy.h"
#include "realnet/control/endpoint.h"
#include "realnet/daemon/balancer_answers.h"
#include "realnet/daemon/host_plans.h"
#include "realnet/daemon/metrics/figures.h"
#include "realnet/daemon/parts.h"
#include "realnet/daemon/settings/print.h"
#include "realnet/system/file.h"

namespace poise::realnet {

namespace {

// web.record, web.1.record, web.2.record: the ending, by which a folder's replay finds them, stays.
std::string record_path(const std::string& first, std::size_t queue) {
  if (queue == 0) return first;
  std::filesystem::path path(first);
  const std::string ending = path.extension().string();
  return path.replace_extension('.' + std::to_string(queue) + ending).string();
}

}  // namespace

BalancerRole::BalancerRole(const BalancerSettings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      frame_(settings.machine.name, settings.log, settings.state),
      xdp_(settings),
      shards_(frame_.io(),
              {.send = [this](const Message& message) { carry(message); },
               .notice = [this](const Notice& notice) { write_notice(frame_.log(), notice); },
               .failed = [this](const std::exception& error) { frame_.fail(error.what()); },
               .settled = [this](Instant now, const Balancer& first) { settled(now, first); }}) {
  settings_.seed = settings_.machine.seed = seed_of(settings.seed, frame_.log());
  remember();
  add_shards();
  restore();
  listener_.emplace(frame_.io(), endpoint_of(settings_.listen.address, settings_.listen.port),
                    credentials_of(settings_.credentials), settings_.limits, stream_events());
}

void BalancerRole::remember() {
  if (!settings_.state.keep_flows) return;
  memory_.emplace(settings_.state.folder, settings_.machine.name, settings_.packets.queues,
                  Balancer::memory_size(settings_.machine), [this](const std::string& what) {
                    frame_.log().warning("memory", {{"what", what}});
                  });
}

void BalancerRole::add_shards() {
  for (std::uint32_t i = 0; i < settings_.packets.queues; ++i)
    shards_.add(std::make_unique<Balancer>(settings_.machine, policy::make(settings_.policy),
                                           memory_ ? memory_->lent(i) : LentMemory{}),
                open_record(i), {Queue(queue_of(settings_.packets, i)), xdp_.take_rings(i)},
                emission_of(settings_.packets), seat_of(settings_.packets, i));
}

std::unique_ptr<RecordWriter> BalancerRole::open_record(std::size_t shard) {
  if (settings_.record.empty()) return nullptr;
  const std::string path = record_path(settings_.record, shard);
  records_.push_back(std::make_unique<RecordFile>(path, [this](const std::string& why) {
    frame_.log().error("record_failed", {{"why", why}});
  }));
  replace_file(path + ".toml", print(Loaded<BalancerSettings>{settings_, {}}));
  return records_.back()->writer(RecordedMachine::balancer,
                                 configuration_digest(settings_.machine, settings_.policy));
}

void BalancerRole::restore() {
  if (!memory_) return;
  const std::vector<std::uint8_t> survived = memory_->survived();
  if (survived.empty()) return;
  const RestoreOutcome outcome = shards_.act(
      [&](Instant now, Recorded<Balancer>& machine) { return machine.on_restore(now, survived); });
  frame_.log().event("restore", {{"outcome", to_string(outcome)}});
}

// Flows may follow at once, so the members stand in the file before a packet is decided about.
void BalancerRole::settled(Instant now, const Balancer& first) {
  if (!memory_ || written_version_ == first.membership_version()) return;
  if (memory_->write_members(first.membership_snapshot(now)))
    written_version_ = first.membership_version();
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
                frame_.log().warning("stream", {{"what", what}});
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
  frame_.host().apply(host_plan(settings_));
  xdp_.open(frame_.log());
  const int status =
      frame_.run(role(), settings_.operator_side.socket, settings_.metrics, settings_.stop_drain);
  listener_.reset();
  xdp_.close();
  shards_.stop();
  return status;
}

Frame::Role BalancerRole::role() {
  return {.name = "balancer",
          .answer = [this](const nlohmann::json& request, Reply reply) { answer(request, reply); },
          .status = [this] { return status(); },
          .reload = [this] { return reload(); },
          .drain = [this] { drain(); },
          .metrics = [this] { return metrics(); },
          .unready = [this] { return unready(); },
          .every_second =
              [this] {
                if (memory_) memory_->touch();
                if (draining_) drain();
              },
          .turns = [this] { return shards_.turns(); }};
}

void BalancerRole::answer(const nlohmann::json& request, const Reply& reply) {
  const std::string what = request.at("do");
  if (what == "backends") return reply(show_backends(shards_));
  if (what == "flows") return reply(show_flows(shards_));
  if (what == "counters") return reply(show_counters(shards_, listener_->counters()));
  const std::optional<Command::Kind> kind = order_of(request);
  if (!kind) return reply(refused("a balancer does not know \"" + what + '"'));
  if (!request.contains("backend")) return reply(refused(what + ": which backend?"));
  reply(order(shards_, *kind, request.at("backend").get<std::string>()));
}

Answer BalancerRole::status() {
  Answer status{{"address", settings_.machine.address.to_string()},
                {"listens_at", settings_.listen.to_string()},
                {"queues", settings_.packets.queues},
                {"streams", listener_->connection_count()}};
  std::uint64_t flows = 0, active = 0, members = 0;
  shards_.look([&](const Shard<Balancer>& shard) { flows += shard.machine().flows().size(); });
  shards_.look_at_first([&](const Shard<Balancer>& shard) {
    members = shard.machine().backends().size();
    for (const BackendIndex index : shard.machine().backends().by_name())
      active += shard.machine().backends()[index].state == BackendState::active;
  });
  status["backends"] = members;
  status["backends_active"] = active;
  status["flows"] = flows;
  return status;
}

std::string BalancerRole::metrics() {
  Exposition exposition;
  BalancerFigures figures;
  shards_.look([&](const Shard<Balancer>& shard) { figures.add(shard.machine()); });
  figures.write(exposition);
  write_process_figures(exposition);
  return exposition.text();
}

std::string BalancerRole::unready() {
  bool has_active = false;
  shards_.look_at_first([&](const Shard<Balancer>& shard) {
    for (const BackendIndex index : shard.machine().backends().by_name())
      has_active |= shard.machine().backends()[index].state == BackendState::active;
  });
  return has_active ? "" : "no backend is active";
}

std::string BalancerRole::reload() {
  const BalancerSettings fresh = read_again_();
  const std::string outcome = reloaded(changes(settings_, fresh));
  const Credentials credentials = credentials_of(fresh.credentials);  // all or nothing
  frame_.log().change(fresh.log);
  listener_->use(credentials);
  settings_.log = fresh.log;
  settings_.credentials = fresh.credentials;
  return outcome;
}

// Until no flow is left: somebody else has taken the VIP over, or its clients have gone.
void BalancerRole::drain() {
  draining_ = true;
  std::uint64_t flows = 0;
  shards_.look([&](const Shard<Balancer>& shard) { flows += shard.machine().flows().size(); });
  if (flows == 0 || settings_.stop_drain == Duration{}) frame_.finish();
}

}  // namespace poise::realnet
