// A machine with a recorder around it, and the replay of what was recorded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/balancer/record.h"
#include "model/machine.h"

namespace poise {

// Has the events and the drain of M and hands them on; with a writer, they are recorded on the way.
// Without one it costs a branch an event. Call finish() after the last event.
template <class M>
class Recorded {
 public:
  explicit Recorded(M& machine, RecordWriter* writer = nullptr)
      : machine_(machine), writer_(writer) {}

  M& machine() { return machine_; }
  const M& machine() const { return machine_; }
  // True: every packet must be an event of its own, with a drain behind it; no bursts.
  bool is_recording() const { return writer_ != nullptr; }

  void start(Instant now) {
    begin({.kind = EventKind::start, .now = now});
    machine_.start(now);
  }
  Verdict on_packet(Instant now, Packet& packet) {
    begin({.kind = EventKind::packet, .now = now, .bytes = packet.bytes()});
    const Verdict verdict = machine_.on_packet(now, packet);
    if (writer_) outputs_.add(verdict, packet);
    return verdict;
  }
  Verdict on_egress(Instant now, Packet& packet) {
    begin({.kind = EventKind::egress, .now = now, .bytes = packet.bytes()});
    const Verdict verdict = machine_.on_egress(now, packet);
    if (writer_) outputs_.add(verdict, packet);
    return verdict;
  }
  void on_peer(Instant now, PeerId peer, PeerEvent event) {
    begin({.kind = EventKind::peer, .now = now, .peer = peer, .peer_event = event});
    machine_.on_peer(now, peer, event);
  }
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
    begin({.kind = EventKind::message, .now = now, .peer = peer, .bytes = bytes});
    machine_.on_message(now, peer, bytes);
  }
  CommandResult on_command(Instant now, const Command& command) {
    const std::string& name = command.backend;
    begin({.kind = EventKind::command,
           .now = now,
           .command = command.kind,
           .bytes = {reinterpret_cast<const std::uint8_t*>(name.data()), name.size()}});
    const CommandResult result = machine_.on_command(now, command);
    if (writer_) outputs_.add(result);
    return result;
  }
  RestoreOutcome on_restore(Instant now, std::span<const std::uint8_t> snapshot) {
    begin({.kind = EventKind::restore, .now = now, .bytes = snapshot});
    const RestoreOutcome outcome = machine_.on_restore(now, snapshot);
    if (writer_) outputs_.add(outcome);
    return outcome;
  }
  void on_flow_counts(Instant now, std::span<const FlowCount> flows) {
    begin({.kind = EventKind::flow_counts, .now = now, .flow_counts = flows});
    machine_.on_flow_counts(now, flows);
  }
  void on_health(Instant now, std::uint16_t code) {
    begin({.kind = EventKind::health, .now = now, .health = code});
    machine_.on_health(now, code);
  }
  void on_replica(Instant now, const ReplicaStatus& status) {
    begin({.kind = EventKind::replica, .now = now, .replica = &status});
    machine_.on_replica(now, status);
  }
  void on_timer(Instant now) {
    begin({.kind = EventKind::timer, .now = now});
    machine_.on_timer(now);
  }

  std::optional<Packet> next_transmit() { return note(machine_.next_transmit()); }
  std::optional<Message> next_message() { return note(machine_.next_message()); }
  std::optional<Notice> next_notice() { return note(machine_.next_notice()); }
  Instant next_deadline() {
    const Instant deadline = machine_.next_deadline();
    if (writer_) outputs_.add_deadline(deadline);
    return deadline;
  }

  // The running hash over all outputs so far. REQUIRES: a writer.
  std::uint64_t outcome() const { return outputs_.value(); }

  // Ends the record.
  void finish() {
    if (!writer_) return;
    settle();
    writer_->write({.kind = EventKind::end, .hash = machine_.digest()});
  }

 private:
  void begin(const Event& event) {
    if (!writer_) return;
    settle();
    writer_->write(event);
    pending_ = true;
  }
  // The outputs of an event are complete when the next one comes.
  void settle() {
    if (pending_) writer_->write({.kind = EventKind::outcome, .hash = outputs_.value()});
    pending_ = false;
  }
  template <class T>
  std::optional<T> note(std::optional<T> output) {
    if (writer_ && output) outputs_.add(*output);
    return output;
  }

  M& machine_;
  RecordWriter* writer_;
  OutputHash outputs_;
  bool pending_ = false;
};

struct ReplayReport {
  bool identical = false;  // every output and the digest at the end
  std::uint64_t events = 0;
  std::uint64_t packets = 0;
  std::uint64_t diverged_at = 0;  // the first event, counted from 1, whose outputs differ; 0: none
  // It stops before its end: its machine was killed, perhaps while it wrote an event, of which the
  // kernel then keeps a part.
  bool is_cut = false;
  std::string error;  // of the record itself; empty: none
};

// Watches a replay: a world that carries nothing out, told of every event. Derive, and redefine
// what matters.
struct Spectator {
  void before(const Event&) {}
  // `packet`: what the event's datagram has become; empty where it had none.
  void after(const Event&, const Packet& /*packet*/) {}
  void transmit(const Packet&) {}
  void send(const Message&) {}
  void notice(const Notice&) {}
  void wake_at(Instant) {}
};

namespace internal {

template <class M>
Packet feed(Recorded<M>& machine, const Event& event, std::vector<std::uint8_t>& memory) {
  Packet packet;
  if (event.kind == EventKind::packet || event.kind == EventKind::egress) {
    std::copy(event.bytes.begin(), event.bytes.end(), memory.begin() + kHeadroom);
    packet = Packet(memory, kHeadroom, event.bytes.size());
  }
  switch (event.kind) {
    case EventKind::packet:
      static_cast<void>(machine.on_packet(event.now, packet));
      break;
    case EventKind::peer:
      machine.on_peer(event.now, event.peer, event.peer_event);
      break;
    case EventKind::message:
      machine.on_message(event.now, event.peer, event.bytes);
      break;
    case EventKind::command:
      static_cast<void>(machine.on_command(
          event.now, {event.command, std::string(event.bytes.begin(), event.bytes.end())}));
      break;
    case EventKind::timer:
      machine.on_timer(event.now);
      break;
    case EventKind::start:
      if constexpr (requires(M & m) { m.start(event.now); }) machine.start(event.now);
      break;
    case EventKind::egress:
      if constexpr (requires(M & m) { m.on_egress(event.now, packet); })
        static_cast<void>(machine.on_egress(event.now, packet));
      break;
    case EventKind::flow_counts:
      if constexpr (requires(M & m) { m.on_flow_counts(event.now, event.flow_counts); })
        machine.on_flow_counts(event.now, event.flow_counts);
      break;
    case EventKind::health:
      if constexpr (requires(M & m) { m.on_health(event.now, event.health); })
        machine.on_health(event.now, event.health);
      break;
    case EventKind::replica:
      if constexpr (requires(M & m) { m.on_replica(event.now, *event.replica); })
        machine.on_replica(event.now, *event.replica);
      break;
    case EventKind::restore:
      if constexpr (requires(M & m) { m.on_restore(event.now, event.bytes); })
        static_cast<void>(machine.on_restore(event.now, event.bytes));
      break;
    case EventKind::outcome:
    case EventKind::end:
      break;
  }
  return packet;
}

}  // namespace internal

// Feeds a record to a fresh machine with the configuration of the recorded one, and compares.
template <class M, class S>
ReplayReport replay(std::span<const std::uint8_t> record, M& machine, S& spectator) {
  ReplayReport report;
  RecordWriter writer([](std::span<const std::uint8_t>) {}, RecordedMachine::balancer, 0);
  Recorded<M> recorded(machine, &writer);
  std::vector<std::uint8_t> memory(kPacketMemory);
  RecordReader reader(record);
  bool ended = false;
  while (const std::optional<Event> event = reader.next()) {
    if (event->kind == EventKind::end) {
      ended = true;
      report.identical = report.diverged_at == 0 && event->hash == machine.digest();
      break;
    }
    if (event->kind == EventKind::outcome) {
      if (recorded.outcome() != event->hash && report.diverged_at == 0)
        report.diverged_at = report.events;
      continue;
    }
    ++report.events;
    report.packets += event->kind == EventKind::packet || event->kind == EventKind::egress;
    spectator.before(*event);
    const Packet packet = internal::feed(recorded, *event, memory);
    spectator.after(*event, packet);
    drain(recorded, spectator);
  }
  report.error = reader.error();
  report.is_cut = reader.is_cut() || (report.error.empty() && !ended);
  if (report.error.empty() && report.is_cut) report.error = "the record has no end";
  return report;
}

template <class M>
ReplayReport replay(std::span<const std::uint8_t> record, M& machine) {
  Spectator spectator;
  return replay(record, machine, spectator);
}

}  // namespace poise
