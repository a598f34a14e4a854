// A machine on several queues: a shard a queue, each with its thread, all fed the same control
// events.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "model/check.h"
#include "realnet/packets/shard.h"
#include "realnet/system/thread.h"

namespace poise::realnet {

// Equal machines that get equal control events at equal instants have equal members, so one flow is
// treated alike wherever it goes; flows are each shard's own. The control thread is the
// io_context's; all calls come from there.
template <class M>
class Shards {
 public:
  struct Callbacks {  // all on the control thread
    std::function<void(const Message&)> send;
    std::function<void(const Notice&)> notice;
    std::function<void(const std::exception&)> failed;  // a shard's thread ended
    // After every control event, before any packet is decided about: the first machine. Optional.
    std::function<void(Instant, const M&)> settled;
  };

  Shards(boost::asio::io_context& io, Callbacks callbacks)
      : io_(io), callbacks_(std::move(callbacks)), timer_(io) {}
  ~Shards() { stop(); }
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  // `seat`: how its thread runs. REQUIRES: before run().
  void add(std::unique_ptr<M> machine, std::unique_ptr<RecordWriter> writer, Intake intake,
           Emission emission, Seat seat = {}) {
    seats_.push_back(seat);
    shards_.push_back(std::make_unique<Shard<M>>(std::move(machine), std::move(writer),
                                                 std::move(intake), emission, shards_.empty()));
  }

  // Begins to take packets.
  void run() {
    for (std::size_t i = 0; i < shards_.size(); ++i)
      threads_.emplace_back([this, i] { work(*shards_[i], seats_[i]); });
  }
  // Ends the threads, then the records. Idempotent.
  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    if (!threads_.empty())
      for (const auto& shard : shards_) shard->finish_record();
    threads_.clear();
    timer_.cancel();
  }

  // One control event: event(now, Recorded<M>&) on every shard at one instant. Returns the first
  // shard's result.
  template <class Event>
  auto act(Event&& event) {
    const std::vector<std::unique_lock<std::mutex>> locks = lock_all();
    return act_at(now(), event);
  }

  // Looks at one machine after the other, while the others work on.
  template <class Look>
  void look(Look&& look) {
    for (const auto& shard : shards_) {
      const std::lock_guard lock(shard->mutex());
      look(std::as_const(*shard));
    }
  }

  template <class Look>
  void look_at_first(Look&& look) {
    const std::lock_guard lock(shards_[0]->mutex());
    look(std::as_const(*shards_[0]));
  }

  std::size_t size() const { return shards_.size(); }
  // How often the loop of each thread has turned: some twenty times a second, or more. Waits for
  // nobody, in whatever call a thread may be.
  std::vector<std::uint64_t> turns() const {
    std::vector<std::uint64_t> turns;
    for (const auto& shard : shards_) turns.push_back(shard->turns());
    return turns;
  }

 private:
  struct After {
    Shards& shards;
    ~After() { shards.settle(); }
  };

  // REQUIRES: all locks are held.
  template <class Event>
  auto act_at(Instant at, Event&& event) {
    const auto on = [&](Recorded<M>& machine) { return event(at, machine); };
    const After after{*this};  // carries out what was asked
    for (std::size_t i = 1; i < shards_.size(); ++i) follow(*shards_[i], on);
    return shards_[0]->act(on);
  }
  template <class Event>
  static void follow(Shard<M>& shard, const Event& event) {
    if constexpr (std::is_void_v<decltype(shard.act(event))>)
      shard.act(event);
    else
      static_cast<void>(shard.act(event));
  }

  std::vector<std::unique_lock<std::mutex>> lock_all() {
    std::vector<std::unique_lock<std::mutex>> locks;
    for (const auto& shard : shards_) locks.emplace_back(shard->mutex());
    return locks;
  }

  void work(Shard<M>& shard, const Seat& seat) {
    try {
      take(seat);
      while (!stopping_) {
        if (!shard.work() || wake_posted_.exchange(true)) continue;
        boost::asio::post(io_, [this] {
          wake_posted_ = false;
          const std::vector<std::unique_lock<std::mutex>> locks = lock_all();
          settle();
        });
      }
    } catch (const std::exception& error) {
      boost::asio::post(
          io_, [this, what = std::runtime_error(error.what())] { callbacks_.failed(what); });
    }
  }

  // Posts what the shards want carried out, and sets the timer. REQUIRES: all locks are held.
  void settle() {
    Instant next = kNever;
    for (const auto& shard : shards_) {
      for (Errand& errand : shard->take_errands())
        boost::asio::post(io_, [this, errand = std::move(errand)] { carry_out(errand); });
      next = std::min(next, shard->deadline());
    }
    if (callbacks_.settled) callbacks_.settled(now(), shards_[0]->machine());
    if (next == armed_) return;
    armed_ = next;
    if (next == kNever) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::max(Duration{}, next - now()));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      armed_ = kNever;
      const std::vector<std::unique_lock<std::mutex>> locks = lock_all();
      const Instant at = now();
      tell_flow_counts(at);
      act_at(at, [](Instant when, Recorded<M>& machine) { machine.on_timer(when); });
    });
  }

  // A drain ends when no shard has a flow of it left, and all must end it at the same event.
  // REQUIRES: all locks are held.
  void tell_flow_counts(Instant at) {
    if constexpr (requires(M & m) { m.on_flow_counts(at, std::span<const FlowCount>()); }) {
      if (shards_.size() == 1 || !shards_[0]->machine().drains()) return;
      std::map<BackendIndex, std::uint32_t> sums;
      for (const auto& shard : shards_) {
        const std::span<const std::uint32_t> counts = shard->machine().flows().flow_counts();
        for (std::size_t i = 0; i < counts.size(); ++i)
          if (counts[i] != 0) sums[static_cast<BackendIndex>(i)] += counts[i];
      }
      std::vector<FlowCount> told;
      for (const auto& [backend, count] : sums) told.push_back({backend, count});
      for (const auto& shard : shards_)
        shard->act([&](Recorded<M>& machine) { machine.on_flow_counts(at, told); });
    }
  }

  void carry_out(const Errand& errand) {
    if (errand.message) callbacks_.send(*errand.message);
    if (errand.notice) callbacks_.notice(*errand.notice);
  }

  boost::asio::io_context& io_;
  Callbacks callbacks_;
  boost::asio::steady_timer timer_;
  Instant armed_ = kNever;  // when timer_ fires
  std::vector<std::unique_ptr<Shard<M>>> shards_;
  std::vector<Seat> seats_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> wake_posted_ = false;
};

}  // namespace poise::realnet
