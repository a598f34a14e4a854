// The words, in the order of the enumerators.
#include "model/scenario/words.h"

#include <array>

namespace poise::scenario {
namespace {

using Word = std::string_view;

constexpr std::array<Word, 5> kOutcomes{"ok", "reset", "timeout", "stalled", "open"};
constexpr std::array<Word, 5> kCauses{"none", "backend_died", "moved", "unreachable",
                                      "unexplained"};
constexpr std::array<Word, 4> kNodeKinds{"client", "router", "balancer", "backend"};
constexpr std::array<Word, 13> kFaultKinds{
    "crash",     "restart", "pause", "resume", "drain",     "deregister", "join",
    "link_down", "link_up", "slow",  "lossy",  "partition", "heal"};
constexpr std::array<Word, 4> kShapes{"leaf", "clos", "wan", "explicit"};

static_assert(static_cast<std::size_t>(Outcome::open) + 1 == kOutcomes.size());
static_assert(static_cast<std::size_t>(Cause::unexplained) + 1 == kCauses.size());
static_assert(static_cast<std::size_t>(NodeKind::backend) + 1 == kNodeKinds.size());
static_assert(static_cast<std::size_t>(FaultKind::heal) + 1 == kFaultKinds.size());
static_assert(static_cast<std::size_t>(Shape::explicit_) + 1 == kShapes.size());

}  // namespace

std::span<const Word> words(Outcome) {
  return kOutcomes;
}
std::span<const Word> words(Cause) {
  return kCauses;
}
std::span<const Word> words(NodeKind) {
  return kNodeKinds;
}
std::span<const Word> words(FaultKind) {
  return kFaultKinds;
}
std::span<const Word> words(Shape) {
  return kShapes;
}

std::optional<FaultKind> opposite(FaultKind kind) {
  switch (kind) {
    case FaultKind::crash:
      return FaultKind::restart;
    case FaultKind::pause:
      return FaultKind::resume;
    case FaultKind::link_down:
      return FaultKind::link_up;
    case FaultKind::slow:
      return FaultKind::slow;
    case FaultKind::lossy:
      return FaultKind::lossy;
    case FaultKind::partition:
      return FaultKind::heal;
    case FaultKind::restart:
    case FaultKind::resume:
    case FaultKind::drain:
    case FaultKind::deregister:
    case FaultKind::join:
    case FaultKind::link_up:
    case FaultKind::heal:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace poise::scenario
