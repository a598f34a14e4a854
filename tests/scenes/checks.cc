// What must be so on the stage, and what is said when it is not.
#include <cstdio>
#include <string>

#include "model/wire/datagram.h"
#include "tests/scenes/stage.h"
#include "tests/scenes/text.h"

namespace poise::scene {
namespace {

bool is_variable(const std::string& name) {
  return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == std::string::npos;
}

}  // namespace

void Stage::check(const Step& step, const Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::reaches:
      return check_reached(outcome);
    case OutcomeKind::avoids:
      for (const std::size_t reached : fate_.reached)
        if (scene_.backends[reached].config.name == resolve(outcome.what))
          fail(outcome.line, "expected to avoid " + outcome.what + ", but " + what_happened());
      if (fate_.reached.empty())
        fail(outcome.line, "expected another backend, but " + what_happened());
      return;
    case OutcomeKind::drop:
      if (!before_.contains(outcome.what)) return fail(outcome.line, "no such reason");
      for (std::size_t i = 0; i < kCountNumber; ++i)
        if (to_string(static_cast<Count>(i)) == outcome.what &&
            (*sender_)[static_cast<Count>(i)] == before_[outcome.what])
          fail(outcome.line, "expected " + outcome.what + ", but " + what_happened());
      if (!fate_.reached.empty())
        fail(outcome.line, "expected " + outcome.what + ", but " + what_happened());
      return;
    case OutcomeKind::pass:
      if (step.place == Place::stack ? fate_.left.empty() : fate_.verdict != Verdict::pass)
        fail(outcome.line, "expected pass, but " + what_happened());
      return;
    case OutcomeKind::frag_needed:
      for (const memory::Bytes& bytes : fate_.left) {
        wire::Datagram answer;
        if (wire::parse(bytes, answer) == wire::Malformed::none && answer.is_icmp_error &&
            std::to_string(answer.icmp_mtu) == outcome.what)
          return;
      }
      return fail(outcome.line, "expected an MTU of " + outcome.what + ", but " + what_happened());
  }
}

void Stage::check_reached(const Outcome& outcome) {
  if (fate_.reached.size() != 1)
    return fail(outcome.line, "expected " + outcome.what + ", but " + what_happened());
  const std::string& name = scene_.backends[fate_.reached[0]].config.name;
  if (is_variable(outcome.what)) variables_.emplace(outcome.what, name);
  if (resolve(outcome.what) != name)
    fail(outcome.line, "expected " + resolve(outcome.what) + ", but " + what_happened());
}

std::string Stage::what_happened() const {
  std::string text;
  for (const std::size_t reached : fate_.reached)
    text += (text.empty() ? "it reached " : " and ") + scene_.backends[reached].config.name;
  for (std::size_t i = 0; i < kCountNumber; ++i) {
    const std::string name(to_string(static_cast<Count>(i)));
    const std::uint64_t now = (*sender_)[static_cast<Count>(i)];
    if (now > before_.at(name) && name.starts_with("drop_"))
      text += (text.empty() ? "it met " : ", ") + name;
  }
  if (text.empty()) text = fate_.verdict == Verdict::pass ? "it was passed" : "nothing came of it";
  return text;
}

void Stage::check_state(const Step& step) {
  const auto& host = world_.balancers()[balancer(step.balancer)];
  const Backend* backend = host.machine->backends().find(resolve(step.subject));
  const std::string state = backend ? std::string(to_string(backend->state)) : "gone";
  if (state != step.text) fail(step.line, "expected " + step.text + ", but it is " + state);
}

const Counters& Stage::counters(const Step& step) const {
  for (const BackendSetup& backend : scene_.backends)
    if (backend.config.name == step.balancer)
      return world_.agents()[agent(step.balancer)].machine->counters();
  return world_.balancers()[balancer(step.balancer)].machine->counters();
}

void Stage::check_count(const Step& step) {
  for (std::size_t i = 0; i < kCountNumber; ++i) {
    if (to_string(static_cast<Count>(i)) != step.text) continue;
    const std::uint64_t value = counters(step)[static_cast<Count>(i)];
    if (value != step.number) fail(step.line, step.text + " stands at " + std::to_string(value));
    return;
  }
  fail(step.line, "there is no counter " + step.text);
}

void Stage::check_notice(const Step& step) {
  while (!notices_.empty()) {
    const std::string notice = notices_.front();
    notices_.pop_front();
    if (matches(step.text, notice)) return;
  }
  fail(step.line, "nobody said so");
}

void Stage::check_seen(const Step& step) {
  const std::string place = step.place == Place::client ? "client"
                            : step.place == Place::wire ? "wire@" + resolve(step.subject)
                                                        : resolve(step.subject);
  std::deque<std::string>& seen = seen_[place];
  if (seen.empty()) return fail(step.line, "nothing came to " + place);
  if (!matches(step.text, seen.front())) fail(step.line, "to " + place + " came: " + seen.front());
  seen.pop_front();
}

void Stage::check_heard(const Step& step) {
  std::string& heard = heard_[strangers_[step.subject]];
  const std::size_t end = heard.find('\n');
  if (end == std::string::npos) return fail(step.line, step.subject + " heard nothing");
  std::string line = heard.substr(0, end);
  heard.erase(0, end + 1);
  if (line == "\x04") line = "end";
  if (!matches(step.text, line)) fail(step.line, step.subject + " heard: " + line);
}

std::size_t Stage::balancer(const std::string& name) const {
  if (name.empty()) return 0;
  for (std::size_t i = 0; i < scene_.balancers.size(); ++i)
    if (scene_.balancers[i].name == name) return i;
  throw Wrong("there is no balancer " + name);
}

std::size_t Stage::agent(const std::string& name) const {
  for (std::size_t i = 0; i < scene_.backends.size(); ++i)
    if (scene_.backends[i].config.name == resolve(name)) return i;
  throw Wrong("there is no backend " + name);
}

std::string Stage::resolve(const std::string& name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? name : found->second;
}

void Stage::fail(int line, const std::string& what) {
  report_.failures.push_back("line " + std::to_string(line) + ": " + what);
  note("!! " + report_.failures.back());
}

void Stage::note(const std::string& text) {
  char time[32];
  std::snprintf(time, sizeof time, "%9.3fms ", to_seconds(world_.now() - kBegin) * 1e3);
  report_.transcript.push_back(time + text);
}

}  // namespace poise::scene
