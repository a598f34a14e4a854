// The world around one machine on an ns-3 node: carries its actions out, wakes it, feeds it
// streams.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <ns3/event-id.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>

#include "model/balancer/record.h"
#include "model/balancer/recorded.h"
#include "model/check.h"
#include "model/machine.h"
#include "sim/ns3/convert.h"
#include "sim/ns3/gate.h"
#include "sim/ns3/streams.h"

namespace poise::ns3world {

// A datagram out of ns-3 as the contiguous bytes a machine works on, with headroom. All machines
// share the memory: a simulation is one thread, and no machine is called while another works.
inline Packet borrow(const ns3::Packet& datagram) {
  static std::array<std::uint8_t, kPacketMemory> memory;
  const std::size_t size = datagram.GetSize();
  POISE_CHECK(size <= memory.size() - kHeadroom);
  datagram.CopyData(memory.data() + kHeadroom, static_cast<std::uint32_t>(size));
  return Packet(memory, kHeadroom, size);
}

// A model of the World concept. Machine: Balancer, Agent, FailoverMachine or tcp::Witness.
template <class Machine>
class MachineHost {
 public:
  struct Wiring {
    Address address;
    std::function<Address(PeerId)> remote;  // where a stream that the machine opens goes
    SocketMaker socket;
    bool accepts = false;  // streams
    std::uint16_t port = kControlPort;
    std::optional<PeerId> accepted;  // the name of every stream that is accepted
    std::function<void(const Notice&)> notice;
    std::function<void()> after;  // called after every event but packets
  };

  MachineHost(ns3::Ptr<ns3::PoiseGate> gate, Wiring wiring)
      : gate_(std::move(gate)),
        wiring_(std::move(wiring)),
        streams_({[this](PeerId peer, PeerEvent event) {
                    act([&](Recorded<Machine>& m) { m.on_peer(now(), peer, event); });
                  },
                  [this](PeerId peer, std::span<const std::uint8_t> bytes) {
                    act([&](Recorded<Machine>& m) { m.on_message(now(), peer, bytes); });
                  }},
                 wiring_.port, wiring_.accepted) {}
  ~MachineHost() { wake_.Cancel(); }
  MachineHost(const MachineHost&) = delete;
  MachineHost& operator=(const MachineHost&) = delete;

  // With a writer, all events are recorded.
  void install(std::unique_ptr<Machine> machine, std::unique_ptr<RecordWriter> writer) {
    machine_ = std::move(machine);
    writer_ = std::move(writer);
    recorded_.emplace(*machine_, writer_.get());
  }
  // Opens for streams and starts the machine.
  void start() {
    if (wiring_.accepts) streams_.listen(wiring_.socket(), wiring_.address);
    if constexpr (requires(Machine & m) { m.start(now()); })
      act([](Recorded<Machine>& m) { m.start(now()); });
  }

  // Ends the record. Call once, after the last event.
  void finish() {
    if (recorded_) recorded_->finish();
  }

  // The host died: the machine and all it knew are gone.
  void crash() {
    finish();
    wake_.Cancel();
    streams_.abandon();
    recorded_.reset();
    machine_ = nullptr;
    writer_ = nullptr;
  }

  // nullptr before start and after a crash.
  const Machine* machine() const { return machine_.get(); }

  // A datagram, and after it `settle`: what was done with the packet comes before the actions.
  Verdict take(Packet& packet) { return recorded_->on_packet(now(), packet); }
  void settle() { drain(*recorded_, *this); }

  // Runs one event on the machine and carries out what it asks for. REQUIRES: machine().
  template <class Event>
  void act(Event event) {
    event(*recorded_);
    settle();
    if (wiring_.after) wiring_.after();
  }

  // The World.
  void transmit(const Packet& packet) { gate_->Transmit(packet.bytes()); }
  void send(const Message& message) {
    switch (message.kind) {
      case Message::Kind::open:
        streams_.open(message.peer, wiring_.socket(), wiring_.address,
                      wiring_.remote(message.peer));
        return;
      case Message::Kind::bytes:
        streams_.send(message.peer, message.bytes);
        return;
      case Message::Kind::close:
        streams_.close(message.peer);
        return;
    }
  }
  void notice(const Notice& notice) { wiring_.notice(notice); }
  // An earlier event than asked for stays, and looks again when it fires: deadlines mostly move
  // away.
  void wake_at(Instant at) {
    deadline_ = at;
    if (at == kNever || (wake_.IsRunning() && armed_ <= at)) return;
    wake_.Cancel();
    armed_ = at;
    wake_ = ns3::Simulator::Schedule(delay_until(at), &MachineHost::wake, this);
  }

 private:
  void wake() {
    if (deadline_ > now()) return wake_at(deadline_);
    act([](Recorded<Machine>& m) { m.on_timer(now()); });
  }

  ns3::Ptr<ns3::PoiseGate> gate_;
  Wiring wiring_;
  Streams streams_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<RecordWriter> writer_;
  std::optional<Recorded<Machine>> recorded_;
  ns3::EventId wake_;
  Instant armed_ = kNever;     // when wake_ fires
  Instant deadline_ = kNever;  // when the machine wants it
};

}  // namespace poise::ns3world
