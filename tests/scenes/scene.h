// A scene: what is configured, what happens when, and what must be seen. Any world can play it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/balancer/config.h"
#include "model/policy/policy.h"
#include "model/time.h"

namespace poise::scene {

// Ids are the words of the notation (README.md).
enum class StepKind : std::uint8_t {
  send,    // `subject` sends `bytes`; `outcomes` follow
  see,     // at `subject`, the next datagram that arrived there matches `text`
  say,     // a stranger's line on its control stream; "SANE": the echo of the last probe
  hear,    // the next line that a stranger got matches `text`; "end": it was hung up on
  join,    // a stranger's stream comes up
  leave,   // and goes
  order,   // `text` (drain, pause, resume, deregister) about the backend `subject`
  server,  // the server of `subject` says `text` ("db 0 4 active") of itself
  host,    // `text` (start, crash, silence, cut, heal) happens to the host `subject`
  state,   // the backend `subject` is in the state `text`
  count,   // the counter `text` stands at `number`
  notice,  // a machine has said `text` ("kind subject") since the last such step
  flood,   // `number` SYNs from as many ports arrive at a balancer
};

enum class Place : std::uint8_t {
  client,    // beyond the balancers
  stack,     // the host's own stack on a backend
  wire,      // the wire to a backend's host
  stranger,  // who speaks the control protocol and is no agent
  machine,
};

enum class OutcomeKind : std::uint8_t { reaches, avoids, drop, pass, frag_needed };

struct Outcome {
  int line = 0;
  OutcomeKind kind = OutcomeKind::reaches;
  std::string what;  // a backend or a VARIABLE; a reason; an MTU
};

struct Step {
  int line = 0;
  Duration at{};  // since the scene began
  StepKind kind = StepKind::send;
  Place place = Place::machine;
  std::string subject;
  std::string balancer;   // through or at which; empty: the first (orders: all)
  bool to_agent = false;  // an order to the backend's own agent
  std::string text;
  std::vector<std::uint8_t> bytes;
  std::uint64_t number = 0;
  std::vector<Outcome> outcomes;
};

struct BackendSetup {
  AgentConfig config;
  bool is_absent = false;  // starts when told
};

struct Scene {
  std::string law;  // the first line
  std::vector<BalancerConfig> balancers;
  std::vector<BackendSetup> backends;
  policy::Config policy;
  std::vector<Step> steps;
};

// Throws Wrong with "line N: ...".
Scene parse(std::string_view text);

}  // namespace poise::scene
