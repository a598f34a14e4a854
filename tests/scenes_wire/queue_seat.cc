// Leads datagrams through the kernel to a Shard, and collects what the kernel makes of the verdict.
#include "tests/scenes_wire/queue_seat.h"

#include <poll.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "model/wire/datagram.h"
#include "realnet/system/error.h"
#include "tests/scenes_wire/way.h"

namespace poise::scene {

namespace {

using realnet::Emission;
using realnet::Shard;

template <class M>
class QueueSeat : public memory::Seat<M> {
 public:
  // `own`: addresses whose datagrams the host keeps for its own stack.
  QueueSeat(KernelHost& host, std::unique_ptr<M> machine, Emission emission,
            std::chrono::milliseconds patience, std::vector<Address> own)
      : host_(host), machine_(*machine), patience_(patience), own_(std::move(own)) {
    while (host_.next_departure()) continue;  // what the last machine there left behind
    const realnet::EnterNamespace inside = host_.enter();
    shard_ = std::make_unique<Shard<M>>(std::move(machine), nullptr,
                                        realnet::Queue({.number = KernelHost::kQueue}), emission,
                                        true, [this] { return now_; });
  }

  M& machine() override { return machine_; }

  void act(const std::function<void(Recorded<M>&)>& event) override {
    const std::lock_guard lock(shard_->mutex());
    shard_->act(event);
  }

  Verdict on_packet(Instant now, Packet& packet) override {
    const Bytes sent(packet.bytes().begin(), packet.bytes().end());
    now_ = now;
    host_.arrive(sent);
    return await(sent, packet, true);
  }

  Verdict on_egress(Instant now, Packet& packet) override {
    const Bytes sent(packet.bytes().begin(), packet.bytes().end());
    now_ = now;
    host_.send(sent);
    return await(sent, packet, false);
  }

  void settle(memory::Porter& porter) override {
    collect();
    for (Bytes& bytes : std::exchange(departed_, {}))
      porter.transmit(Packet(bytes, 0, bytes.size()));
    std::vector<realnet::Errand> errands;
    Instant deadline;
    {
      const std::lock_guard lock(shard_->mutex());
      errands = shard_->take_errands();
      deadline = shard_->deadline();
    }
    for (const realnet::Errand& errand : errands) {
      if (errand.message) porter.send(*errand.message);
      if (errand.notice) porter.notice(*errand.notice);
    }
    porter.wake_at(deadline);
  }

 private:
  // Until the datagram went through the queue or, where that is not sure, left without.
  Verdict await(const Bytes& sent, Packet& packet, bool is_queued) {
    const std::uint64_t before = shard_->queue().counters().received;
    while (shard_->queue().counters().received == before && (is_queued || departed_.empty())) {
      pollfd ready[] = {{shard_->queue().fd(), POLLIN, 0}, {host_.descriptor(), POLLIN, 0}};
      if (::poll(ready, is_queued ? 1 : 2, static_cast<int>(patience_.count())) == 0)
        throw realnet::SystemError("wait for a datagram", "it never came to the queue");
      if (ready[0].revents != 0) shard_->work();
      collect();
    }
    return judge(sent, packet);
  }

  void collect() {
    while (std::optional<Bytes> bytes = host_.next_departure())
      departed_.push_back(std::move(*bytes));
  }

  // What became of it is told by what left: the same bytes, or what the host would keep, or
  // neither. All else goes its own way.
  Verdict judge(const Bytes& sent, Packet& packet) {
    const auto kept = std::ranges::find_if(departed_, [&](const Bytes& bytes) {
      return is_the_same_but_for_the_way(sent, bytes) || is_kept(bytes);
    });
    if (kept == departed_.end()) return Verdict::drop;
    const bool is_passed = is_the_same_but_for_the_way(sent, *kept);
    packet.resize(kept->size());
    std::ranges::copy(*kept, packet.bytes().begin());
    departed_.erase(kept);
    return is_passed ? Verdict::pass : Verdict::forward;
  }

  bool is_kept(const Bytes& bytes) const {
    wire::Datagram datagram;
    return wire::parse(bytes, datagram) == wire::Malformed::none &&
           std::ranges::find(own_, datagram.destination) != own_.end();
  }

  KernelHost& host_;
  M& machine_;
  std::chrono::milliseconds patience_;
  std::vector<Address> own_;
  Instant now_{};
  std::unique_ptr<Shard<M>> shard_;
  std::deque<Bytes> departed_;
};

}  // namespace

std::size_t QueueSeats::index_of(std::deque<std::string>& names, const std::string& name) {
  const auto found = std::ranges::find(names, name);
  const auto index = static_cast<std::size_t>(found - names.begin());
  if (found == names.end()) names.push_back(name);
  return index;
}

std::unique_ptr<memory::Seat<Balancer>> QueueSeats::seat(std::unique_ptr<Balancer> machine,
                                                         const BalancerConfig& config,
                                                         RecordWriter*) {
  KernelHost& host = hosts_.balancer(index_of(balancers_, config.name));
  return std::make_unique<QueueSeat<Balancer>>(host, std::move(machine), emission_, patience_,
                                               std::vector<Address>{});
}

std::unique_ptr<memory::Seat<Agent>> QueueSeats::seat(std::unique_ptr<Agent> machine,
                                                      const AgentConfig& config, RecordWriter*) {
  KernelHost& host = hosts_.agent(index_of(agents_, config.name));
  std::vector<Address> own{config.address};
  for (const Vip& vip : config.vips) own.push_back(vip.address);
  return std::make_unique<QueueSeat<Agent>>(host, std::move(machine), emission_, patience_,
                                            std::move(own));
}

}  // namespace poise::scene
