// What happens on the stage: datagrams, orders, hosts that die.

#include "tests/scenes/stage.h"

#include <map>
#include <utility>

#include "model/wire/build.h"
#include "model/wire/datagram.h"
#include "model/wire/describe.h"
#include "tests/scenes/text.h"

namespace poise::scene {

Stage::Stage(const Scene& scene, std::unique_ptr<memory::Seats> seats)
    : scene_(scene), world_(1, {}, *this, std::move(seats)) {
  for (const BalancerConfig& config : scene.balancers)
    world_.start_balancer(world_.add_balancer(config, scene.policy));
  for (const BackendSetup& backend : scene.backends) {
    const std::size_t added = world_.add_agent(backend.config);
    if (!backend.is_absent) world_.start_agent(added);
  }
  world_.run_until(kBegin);
  seen_.clear();
  notices_.clear();
}

Report Stage::play() {
  for (const Step& step : scene_.steps) {
    world_.run_until(kBegin + step.at);
    try {
      play(step);
    } catch (const Wrong& wrong) {
      fail(step.line, wrong.what());
    }
  }
  return std::move(report_);
}

void Stage::play(const Step& step) {
  switch (step.kind) {
    case StepKind::send:
      return send(step);
    case StepKind::see:
      return check_seen(step);
    case StepKind::say:
      world_.stranger_says(balancer(step.balancer), strangers_[step.subject],
                           step.text + (step.text == "SANE" ? " " + probe_ : "") + "\n");
      return world_.run_until(world_.now());
    case StepKind::hear:
      return check_heard(step);
    case StepKind::join:
      strangers_[step.subject] = world_.stranger(balancer(step.balancer));
      return world_.run_until(world_.now());
    case StepKind::leave:
      world_.stranger_leaves(balancer(step.balancer), strangers_[step.subject]);
      return world_.run_until(world_.now());
    case StepKind::order:
      return order(step);
    case StepKind::server:
      return server(step);
    case StepKind::host:
      return host(step);
    case StepKind::state:
      return check_state(step);
    case StepKind::count:
      return check_count(step);
    case StepKind::notice:
      return check_notice(step);
    case StepKind::flood:
      return flood(step);
  }
}

void Stage::send(const Step& step) {
  fate_ = {};
  note("> " + wire::describe(step.bytes));
  before_.clear();
  if (step.place == Place::client) {
    const std::size_t through = balancer(step.balancer);
    if (world_.balancers()[through].machine)
      sender_ = &world_.balancers()[through].machine->counters();
  } else {
    sender_ = &world_.agents()[agent(step.subject)].machine->counters();
  }
  for (std::size_t i = 0; i < kCountNumber; ++i)
    before_[std::string(to_string(static_cast<Count>(i)))] = (*sender_)[static_cast<Count>(i)];
  if (step.place == Place::client) world_.send_to_balancer(balancer(step.balancer), step.bytes);
  if (step.place == Place::wire) world_.send_to_agent(agent(step.subject), step.bytes);
  if (step.place == Place::stack) world_.reply(agent(step.subject), step.bytes);
  world_.run_until(world_.now());
  for (const Outcome& outcome : step.outcomes) check(step, outcome);
}

void Stage::order(const Step& step) {
  const std::map<std::string, Command::Kind> kinds = {{"drain", Command::Kind::drain},
                                                      {"pause", Command::Kind::pause},
                                                      {"resume", Command::Kind::resume},
                                                      {"deregister", Command::Kind::deregister}};
  const std::string name = resolve(step.subject);
  const Command command{kinds.at(step.text), name};
  note(step.text + " " + name);
  const auto demand_done = [&](std::optional<CommandResult> result) {
    if (result != CommandResult::done) fail(step.line, "the order was refused");
  };
  if (step.to_agent)
    demand_done(world_.order_agent(agent(name), command));
  else if (!step.balancer.empty())
    demand_done(world_.order_balancer(balancer(step.balancer), command));
  else
    for (std::size_t i = 0; i < scene_.balancers.size(); ++i)
      demand_done(world_.order_balancer(i, command));
  world_.run_until(world_.now());
}

void Stage::server(const Step& step) {
  const std::optional<ReplicaStatus> status = parse_replica(split("REPLICA " + step.text));
  if (!status) throw Wrong("a replica is PAIR INDEX EPOCH and active or standby");
  note(step.subject + " is " + step.text);
  world_.announce(agent(step.subject), *status);
  world_.run_until(world_.now());
}

void Stage::host(const Step& step) {
  const std::string name = resolve(step.subject);
  note(step.text + " " + name);
  bool is_balancer = false;
  for (const BalancerConfig& config : scene_.balancers)
    is_balancer = is_balancer || config.name == name;
  const std::size_t index = is_balancer ? balancer(name) : agent(name);
  const memory::Death death =
      step.text == "crash" ? memory::Death::hangs_up : memory::Death::silent;
  if (step.text == "start")
    is_balancer ? world_.start_balancer(index) : world_.start_agent(index);
  else if (step.text == "crash" || step.text == "silence")
    is_balancer ? world_.kill_balancer(index, death) : world_.kill_agent(index, death);
  else if (is_balancer)
    world_.set_cut_off_balancer(index, step.text == "cut");
  else
    world_.set_cut_off_agent(index, step.text == "cut");
  world_.run_until(world_.now());
}

void Stage::flood(const Step& step) {
  const Vip& vip = scene_.balancers[0].vips[0];
  note("flood of " + std::to_string(step.number) + " SYNs");
  for (std::uint64_t i = 0; i < step.number; ++i) {
    const auto port = static_cast<std::uint16_t>(1024 + i);
    const Address source = vip.address.is_v4() ? Address::v4(0xc6336401)  // 198.51.100.1
                                               : *Address::parse("2001:db8:bad::1");
    world_.send_to_balancer(balancer(step.balancer),
                            wire::build(wire::TcpSegment{.source = {source, port},
                                                         .destination = {vip.address, vip.port}}));
  }
  world_.run_until(world_.now());
}

void Stage::balanced(std::size_t, std::span<const std::uint8_t>, Verdict verdict,
                     std::span<const std::uint8_t>) {
  fate_.verdict = verdict;
}

void Stage::received(std::size_t agent, std::span<const std::uint8_t> before, Verdict verdict,
                     std::span<const std::uint8_t> after) {
  const std::string& name = scene_.backends[agent].config.name;
  sight("wire@" + name, before);
  if (!fate_.verdict) fate_.verdict = verdict;
  if (verdict == Verdict::drop) return;
  fate_.reached.push_back(agent);
  sight(name, after);
}

void Stage::left(std::span<const std::uint8_t> bytes) {
  fate_.left.emplace_back(bytes.begin(), bytes.end());
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const std::size_t at = text.find("SANITY "); at != std::string_view::npos)
    probe_ = text.substr(at + 7);
  sight("client", bytes);
}

void Stage::noticed(const std::string& machine, const Notice& notice) {
  notices_.push_back(machine + " " + notice.kind + " " + notice.subject);
  note(notices_.back() + " " + notice.detail);
}

void Stage::answered(PeerId peer, const std::string* bytes) {
  heard_[peer] += bytes ? *bytes : "\x04\n";
}

void Stage::sight(const std::string& place, std::span<const std::uint8_t> bytes) {
  const std::string text = wire::describe(bytes);
  seen_[place].push_back(text);
  report_.sightings.push_back({place, {bytes.begin(), bytes.end()}});
  note(place + " < " + text);
}

Report run(const Scene& scene, std::unique_ptr<memory::Seats> seats) {
  return Stage(scene, std::move(seats)).play();
}

}  // namespace poise::scene
