// One machine on one intake: what its thread does with a burst, and what it asks of the world.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "model/balancer/record.h"
#include "model/balancer/recorded.h"
#include "model/machine.h"
#include "realnet/packets/emission.h"
#include "realnet/packets/injector.h"
#include "realnet/packets/intake.h"
#include "realnet/packets/raw_sender.h"
#include "realnet/system/clock.h"
#include "realnet/system/single_writer_count.h"

namespace poise::realnet {

// What a machine wants carried out on the control thread, in order.
struct Errand {
  std::optional<Message> message;
  std::optional<Notice> notice;
};

template <class M>
class Shard {
 public:
  // `carries`: messages, notices and datagrams that control events cause are carried out; of
  // several shards, the first one's. `clock`: what time it is when a burst is decided about.
  Shard(std::unique_ptr<M> machine, std::unique_ptr<RecordWriter> writer, Intake intake,
        Emission emission, bool carries, std::function<Instant()> clock = now)
      : machine_(std::move(machine)),
        writer_(std::move(writer)),
        recorded_(*machine_, writer_.get()),
        intake_(std::move(intake)),
        emission_(emission),
        carries_(carries),
        clock_(std::move(clock)) {
    if (emission == Emission::inward) injector_.emplace();
  }

  // The shard's thread: takes what is there, decides, sends it on. True: look at errands() and
  // deadline().
  bool work() {
    ++turns_;
    bool asks = false;
    intake_.receive([&](auto& source, std::size_t count) { asks |= serve(source, count); });
    return asks;
  }

  // One control event, in any thread.
  std::mutex& mutex() { return mutex_; }
  // REQUIRES: mutex() is held.
  template <class Event>
  auto act(Event&& event) {
    World world{*this, carries_, false};
    if constexpr (std::is_void_v<decltype(event(recorded_))>) {
      event(recorded_);
      drain(recorded_, world);
    } else {
      auto result = event(recorded_);
      drain(recorded_, world);
      return result;
    }
  }
  // REQUIRES: mutex() is held.
  std::vector<Errand> take_errands() { return std::exchange(errands_, {}); }
  Instant deadline() const { return deadline_; }
  const M& machine() const { return *machine_; }
  void finish_record() { recorded_.finish(); }

  // How often the shard's thread has come to work; read from any thread.
  std::uint64_t turns() const { return turns_; }
  const Queue& queue() const { return intake_.queue(); }
  const Intake& intake() const { return intake_; }
  // The shard's thread's, and that of the control events.
  std::array<const RawSender*, 2> senders() const { return {&sender_, &control_sender_}; }
  const std::optional<Injector>& injector() const { return injector_; }

 private:
  struct World {
    Shard& shard;
    bool carries;
    bool deciding;  // about a burst, in the shard's thread

    void transmit(const Packet& packet) {
      if (deciding)
        shard.hold(packet);
      else if (carries)
        shard.control_sender_.send(packet);
    }
    void send(const Message& message) {
      if (carries) shard.errands_.push_back({message, {}});
    }
    void notice(const Notice& notice) {
      if (carries) shard.errands_.push_back({{}, notice});
    }
    void wake_at(Instant at) { shard.deadline_ = at; }
  };

  // One burst of a Queue or an XdpRing.
  template <class Source>
  bool serve(Source& source, std::size_t count) {
    bool asks = false;
    Instant at;
    {
      const std::lock_guard lock(mutex_);
      at = clock_();  // not before the last control event
      const Instant before = deadline_;
      decide(source, count, at);
      asks = !errands_.empty() || deadline_ < before;
    }
    emit(source, count, at);
    if (!held_sizes_.empty()) send_held();
    return asks;
  }

  template <class Source>
  void decide(Source& source, std::size_t count, Instant at) {
    const std::span verdicts = std::span(verdicts_).first(count);
    World world{*this, true, true};
    if constexpr (requires(M & m) { m.on_burst(at, source.packets(), verdicts); }) {
      if (!recorded_.is_recording()) {
        machine_->on_burst(at, source.packets(), verdicts);
        drain(recorded_, world);
        return;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      verdicts[i] = decide_one(source, at, i);
      drain(recorded_, world);
    }
  }

  template <class Source>
  Verdict decide_one(Source& source, Instant at, std::size_t i) {
    Packet& packet = source.packets()[i];
    if constexpr (requires(M & m) { m.on_egress(at, packet); }) {
      if (is_egress(source.hook(i))) return recorded_.on_egress(at, packet);
    }
    return recorded_.on_packet(at, packet);
  }

  static bool is_egress(Hook hook) { return hook == Hook::output || hook == Hook::postrouting; }

  // The machine lends what it transmits for the moment only, and it follows the burst that caused
  // it: a later piece must not overtake its first. The memory is kept.
  void hold(const Packet& packet) {
    const std::span<const std::uint8_t> bytes = packet.bytes();
    held_bytes_.insert(held_bytes_.end(), bytes.begin(), bytes.end());
    held_sizes_.push_back(bytes.size());
  }
  void send_held() {
    std::span<std::uint8_t> rest = held_bytes_;
    for (const std::size_t size : held_sizes_) {
      sender_.queue(Packet(rest.first(size), 0, size));
      rest = rest.subspan(size);
    }
    sender_.flush();
    held_bytes_.clear();
    held_sizes_.clear();
  }

  void emit(Queue& queue, std::size_t count, Instant) {
    using Fate = Queue::Fate;
    const std::span packets = queue.packets();
    for (std::size_t i = 0; i < count; ++i) {
      // What the host sends may have been rewritten (its MSS); what arrives passes as it came.
      fates_[i] = verdicts_[i] != Verdict::pass ? Fate::drop
                  : is_egress(queue.hook(i))    ? Fate::replace
                                                : Fate::accept;
      if (verdicts_[i] != Verdict::forward) continue;
      const bool is_v4 = packets[i].bytes()[0] >> 4 == 4;
      if (emission_ != Emission::raw && is_v4 == queue.is_v4(i))
        fates_[i] = Fate::replace;
      else
        sender_.queue(packets[i]);
    }
    sender_.flush();
    queue.settle(std::span(fates_).first(count));
  }

  // What the kernel has given away it does not take back with a verdict: what passes, and what
  // ends on this host, is sent to it.
  void emit(XdpRing& ring, std::size_t count, Instant at) {
    for (std::size_t i = 0; i < count; ++i) {
      if (verdicts_[i] == Verdict::drop) continue;
      const bool goes_on = verdicts_[i] == Verdict::forward;
      if (goes_on && injector_)
        injector_->send(ring.packets()[i]);
      else if (!goes_on || emission_ != Emission::verdict || !ring.forward(i, at))
        sender_.queue(ring.packets()[i]);
    }
    sender_.flush();
    ring.settle();
  }

  std::unique_ptr<M> machine_;
  std::unique_ptr<RecordWriter> writer_;
  Recorded<M> recorded_;
  Intake intake_;
  RawSender sender_;          // the shard's thread's
  RawSender control_sender_;  // of who holds mutex_
  std::optional<Injector> injector_;
  SingleWriterCount turns_;  // the shard's thread's
  Emission emission_;
  bool carries_;
  std::function<Instant()> clock_;
  std::mutex mutex_;  // guards the machine, errands_ and deadline_
  std::vector<Errand> errands_;
  Instant deadline_ = kNever;
  // The shard's thread's: what the machine transmits about a burst, one behind the other.
  std::vector<std::uint8_t> held_bytes_;
  std::vector<std::size_t> held_sizes_;
  std::array<Verdict, kBurst> verdicts_{};
  std::array<Queue::Fate, kBurst> fates_{};
};

}  // namespace poise::realnet
