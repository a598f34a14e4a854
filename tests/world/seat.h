// Where a machine of the world in memory sits: how events get in to it, and what it asks for out.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "model/balancer/recorded.h"
#include "model/machine.h"

namespace poise::memory {

// Carries out what a machine asks for; a World of model/machine.h.
class Porter {
 public:
  virtual ~Porter() = default;
  virtual void transmit(const Packet& packet) = 0;
  virtual void send(const Message& message) = 0;
  virtual void notice(const Notice& notice) = 0;
  virtual void wake_at(Instant at) = 0;
};

template <class M>
class Seat {
 public:
  virtual ~Seat() = default;
  virtual M& machine() = 0;
  // Any event but a datagram.
  virtual void act(const std::function<void(Recorded<M>&)>& event) = 0;
  // A datagram that arrived at the host, or (of an agent) that its stack sends. `packet` becomes
  // what goes on. A seat may already have sent it, and anything else, on its way: what left then is
  // carried out by settle(), and the verdict is not `forward`.
  virtual Verdict on_packet(Instant now, Packet& packet) = 0;
  virtual Verdict on_egress(Instant now, Packet& packet) = 0;
  // After every event: all that the machine asked for.
  virtual void settle(Porter& porter) = 0;
};

// The machine is called, and that is all.
template <class M>
class PlainSeat : public Seat<M> {
 public:
  PlainSeat(std::unique_ptr<M> machine, RecordWriter* writer)
      : machine_(std::move(machine)), door_(*machine_, writer) {}

  M& machine() override { return *machine_; }
  void act(const std::function<void(Recorded<M>&)>& event) override { event(door_); }
  Verdict on_packet(Instant now, Packet& packet) override { return door_.on_packet(now, packet); }
  Verdict on_egress(Instant now, Packet& packet) override {
    if constexpr (requires(M & m) { m.on_egress(now, packet); })
      return door_.on_egress(now, packet);
    else
      return Verdict::pass;
  }
  void settle(Porter& porter) override { drain(door_, porter); }

 private:
  std::unique_ptr<M> machine_;
  Recorded<M> door_;
};

// Gives every machine its seat when it starts; it leaves it when it dies. Derive for other seats.
class Seats {
 public:
  virtual ~Seats() = default;
  virtual std::unique_ptr<Seat<Balancer>> seat(std::unique_ptr<Balancer> machine,
                                               const BalancerConfig&, RecordWriter* writer) {
    return std::make_unique<PlainSeat<Balancer>>(std::move(machine), writer);
  }
  virtual std::unique_ptr<Seat<Agent>> seat(std::unique_ptr<Agent> machine, const AgentConfig&,
                                            RecordWriter* writer) {
    return std::make_unique<PlainSeat<Agent>>(std::move(machine), writer);
  }
};

}  // namespace poise::memory
