// The control streams of the world in memory: reliable and in order, cut anywhere, and mortal.
#include <algorithm>
#include <utility>

#include "tests/world/memory_world.h"

namespace poise::memory {

namespace {
constexpr Duration kRefused = std::chrono::milliseconds{1};  // a dead process on a live host
constexpr Duration kUnanswered = std::chrono::seconds{1};    // a host that is cut off
constexpr Duration kRetransmit = std::chrono::milliseconds{50};
}  // namespace

bool MemoryWorld::is_alive(const Stream& stream, Side side) const {
  if (!stream.open[side]) return false;
  if (side == agent_side)
    return stream.is_stranger || (agents_[stream.agent].machine != nullptr &&
                                  agents_[stream.agent].life == stream.agent_life);
  return balancers_[stream.balancer].machine != nullptr &&
         balancers_[stream.balancer].life == stream.balancer_life;
}

bool MemoryWorld::is_cut(const Stream& stream) const {
  return balancers_[stream.balancer].is_cut_off ||
         (!stream.is_stranger && agents_[stream.agent].is_cut_off);
}

// The newest living stream of an agent's PeerId, or streams_.size().
std::size_t MemoryWorld::agent_stream(std::size_t agent, PeerId peer) const {
  for (std::size_t i = streams_.size(); i-- > 0;)
    if (!streams_[i].is_stranger && streams_[i].agent == agent && streams_[i].balancer == peer &&
        is_alive(streams_[i], agent_side))
      return i;
  return streams_.size();
}

std::size_t MemoryWorld::balancer_stream(std::size_t balancer, PeerId peer) const {
  for (std::size_t i = streams_.size(); i-- > 0;)
    if (streams_[i].balancer == balancer && streams_[i].at_balancer == peer &&
        is_alive(streams_[i], balancer_side))
      return i;
  return streams_.size();
}

void MemoryWorld::open_stream(std::size_t agent, PeerId peer) {
  POISE_CHECK(peer < balancers_.size());
  Stream stream;
  stream.agent = agent;
  stream.agent_life = agents_[agent].life;
  stream.balancer = peer;
  stream.open[agent_side] = true;
  streams_.push_back(std::move(stream));
  const std::size_t index = streams_.size() - 1;
  calendar_.enter(now() + draw_delay(), [this, index] { connect(index); });
}

void MemoryWorld::connect(std::size_t index) {
  Stream& stream = streams_[index];
  Host<Balancer>& balancer = balancers_[stream.balancer];
  if (is_cut(stream) || balancer.machine == nullptr) {
    const Duration wait = is_cut(stream) ? kUnanswered : kRefused;
    calendar_.enter(now() + wait, [this, index] { give(index, agent_side, nullptr); });
    return;
  }
  stream.balancer_life = balancer.life;
  stream.at_balancer = next_peer_++;
  stream.open[balancer_side] = true;
  const std::size_t agent = stream.agent;
  // The caller learns of the connection before any byte of the answer can arrive.
  stream.latest[agent_side] = now() + draw_delay();
  calendar_.enter(stream.latest[agent_side], [this, index, agent] {
    if (!is_alive(streams_[index], agent_side)) return;
    agents_[agent].seat->act([&](Recorded<Agent>& machine) {
      machine.on_peer(now(), static_cast<PeerId>(streams_[index].balancer), PeerEvent::up);
    });
    settle_agent(agent);
  });
  balancer.seat->act([&](Recorded<Balancer>& machine) {
    machine.on_peer(now(), stream.at_balancer, PeerEvent::up);
  });
  settle_balancer(stream.balancer);
}

void MemoryWorld::say(std::size_t stream, Side to, std::string bytes) {
  std::string piece;
  for (const char byte : bytes) {
    piece.push_back(byte);
    if (faults_.cut > 0 && rng_.uniform() < faults_.cut) push(stream, to, std::exchange(piece, {}));
  }
  if (!piece.empty()) push(stream, to, std::move(piece));
}

// No event of this stream reaches the side that hung up; the other side reads what was sent, then
// the end.
void MemoryWorld::hang_up(std::size_t stream, Side by) {
  streams_[stream].open[by] = false;
  streams_[stream].pieces[by].clear();
  push(stream, by == agent_side ? balancer_side : agent_side, std::nullopt);
}

void MemoryWorld::push(std::size_t index, Side to, std::optional<std::string> piece) {
  Stream& stream = streams_[index];
  stream.pieces[to].push_back(std::move(piece));
  stream.latest[to] = std::max(stream.latest[to], now() + draw_delay());
  calendar_.enter(stream.latest[to], [this, index, to] { deliver(index, to); });
}

void MemoryWorld::deliver(std::size_t index, Side to) {
  Stream& stream = streams_[index];
  if (stream.pieces[to].empty()) return;
  if (is_cut(stream)) {
    calendar_.enter(now() + kRetransmit, [this, index, to] { deliver(index, to); });
    return;
  }
  const std::optional<std::string> piece = std::move(stream.pieces[to].front());
  stream.pieces[to].pop_front();
  if (!is_alive(stream, to)) {
    // Whoever lives there now knows nothing of this stream, and says so.
    const Side from = to == agent_side ? balancer_side : agent_side;
    const bool host_answers = to == agent_side ? agents_[stream.agent].machine != nullptr
                                               : balancers_[stream.balancer].machine != nullptr;
    if (stream.open[to] && host_answers && piece) give(index, from, nullptr);
    return;
  }
  give(index, to, piece ? &*piece : nullptr);
}

void MemoryWorld::give(std::size_t index, Side to, const std::string* piece) {
  Stream& stream = streams_[index];
  if (!is_alive(stream, to)) return;
  if (!piece) stream.open[to] = stream.open[agent_side] = stream.open[balancer_side] = false;
  if (to == agent_side && stream.is_stranger) return observer_.answered(stream.at_balancer, piece);
  const auto bytes = [&] {
    return std::span(reinterpret_cast<const std::uint8_t*>(piece->data()), piece->size());
  };
  if (to == agent_side) {
    const auto peer = static_cast<PeerId>(stream.balancer);
    const std::size_t host = stream.agent;
    agents_[host].seat->act([&](Recorded<Agent>& agent) {
      piece ? agent.on_message(now(), peer, bytes()) : agent.on_peer(now(), peer, PeerEvent::down);
    });
    settle_agent(host);
  } else {
    const PeerId peer = stream.at_balancer;
    const std::size_t host = stream.balancer;
    balancers_[host].seat->act([&](Recorded<Balancer>& balancer) {
      piece ? balancer.on_message(now(), peer, bytes())
            : balancer.on_peer(now(), peer, PeerEvent::down);
    });
    settle_balancer(host);
  }
}

PeerId MemoryWorld::stranger(std::size_t balancer) {
  Stream stream;
  stream.balancer = balancer;
  stream.balancer_life = balancers_[balancer].life;
  stream.is_stranger = true;
  stream.open = {true, true};
  stream.at_balancer = next_peer_++;
  streams_.push_back(std::move(stream));
  const PeerId peer = streams_.back().at_balancer;
  balancers_[balancer].seat->act(
      [&](Recorded<Balancer>& machine) { machine.on_peer(now(), peer, PeerEvent::up); });
  settle_balancer(balancer);
  return peer;
}

void MemoryWorld::stranger_says(std::size_t balancer, PeerId peer, std::string bytes) {
  const std::size_t stream = balancer_stream(balancer, peer);
  if (stream != streams_.size()) say(stream, balancer_side, std::move(bytes));
}

void MemoryWorld::stranger_leaves(std::size_t balancer, PeerId peer) {
  const std::size_t stream = balancer_stream(balancer, peer);
  if (stream != streams_.size()) hang_up(stream, agent_side);
}

}  // namespace poise::memory
