// The simulated world of one plan: servers that are failover TCP, and their witness.
#include <array>
#include <utility>

#include "model/scenario/exchange_server.h"
#include "model/scenario/failover_config.h"
#include "model/scenario/request.h"
#include "sim/ns3/world.h"

namespace poise::ns3world {

namespace {

// Counts the bytes of uploads as servers take them in. The book is all servers': a connection that
// moved is counted on where it was.
class CountedServer final : public tcp::Application {
 public:
  CountedServer(scenario::FlowLog& log, UploadBook& book) : log_(log), book_(book) {}

  void on_ready(Instant at, tcp::Stream& stream) override {
    std::array<std::uint8_t, scenario::Request::kSize> head;
    if (stream.consumed() == 0 && stream.read_at(0, head) == head.size())
      book_[stream.key()].flow = scenario::Request::decode(head).flow;
    exchange_.on_ready(at, stream);
    const auto found = book_.find(stream.key());
    if (found == book_.end() || stream.consumed() <= found->second.counted) return;
    log_.received(at, found->second.flow, stream.consumed() - found->second.counted);
    found->second.counted = stream.consumed();
  }

 private:
  scenario::ExchangeServer exchange_;
  scenario::FlowLog& log_;
  UploadBook& book_;
};

}  // namespace

// A replica behind the host's agent: the agent takes packets out of the tunnel and says to the
// balancers what the replica says of itself.
void World::build_failover(NodeId id) {
  Host& host = hosts_[id];
  const std::string& name = topology_.nodes()[id].name;
  if (exchange_.upload)
    host.application = std::make_unique<CountedServer>(log_, uploads_);
  else
    host.application = std::make_unique<scenario::ExchangeServer>();
  HostTcp& stack = *host.tcp;
  FailoverServer::Place place;
  place.gate = network_.node(id)->GetObject<ns3::PoiseGate>();
  place.address = topology_.nodes()[id].address;
  place.socket = [&stack] { return stack.socket(); };
  if (const auto seat = scenario::pair_seat(plan_, topology_, id)) {
    place.pair = seat->pair;
    place.partner = topology_.nodes()[seat->partner].address;
    place.witness =
        topology_.nodes()[topology_.of_kind(scenario::NodeKind::balancer).front()].address;
  }
  const ns3::Ptr<ns3::PoiseAgent> agent = host.agent;
  FailoverServer::Hooks hooks;
  hooks.notice = [this, &name](const Notice& notice) { note(name + ".tcp", notice); };
  hooks.status = [agent](const ReplicaStatus& status) { agent->SetReplica(status); };
  host.failover = std::make_unique<FailoverServer>(
      scenario::server_config(plan_, topology_, id, *host.application), std::move(place),
      std::move(hooks));
  FailoverServer& server = *host.failover;
  agent->SetServer([&server](Packet& packet) { return server.take(packet); },
                   [&server] { server.settle(); });
}

void World::build_witness(NodeId id) {
  HostTcp& stack = *hosts_[id].tcp;
  const std::string& name = topology_.nodes()[id].name;
  hosts_[id].witness = std::make_unique<WitnessNode>(
      scenario::replication_config(plan_), network_.node(id)->GetObject<ns3::PoiseGate>(),
      topology_.nodes()[id].address, [&stack] { return stack.socket(); },
      [this, &name](const Notice& notice) { note(name + ".witness", notice); });
}

}  // namespace poise::ns3world
