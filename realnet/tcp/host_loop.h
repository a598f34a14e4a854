// A tcp::Host on real packets: datagrams from a TUN device in, datagrams out, streams and a timer,
// all on one thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "model/tcp/host/host.h"
#include "realnet/packets/raw_sender.h"
#include "realnet/tcp/replica_streams.h"
#include "realnet/tcp/round_trips.h"
#include "realnet/tcp/segment_joiner.h"
#include "realnet/tcp/takeover_times.h"
#include "realnet/tcp/tun.h"

namespace poise::realnet {

// How what a host says leaves. joined: through the device, as large segments where they follow each
// other. device: through it, one by one. raw: over raw sockets.
enum class Departure : std::uint8_t { joined, device, raw };

// Use it on the io_context's thread.
class HostLoop {
 public:
  struct Owner {
    // The host's, and two of the loop's: "late" (detail: by how many milliseconds a timer was),
    // and "took-over" (subject: the epoch; detail: TakeoverTimes::text()).
    std::function<void(const Notice&)> notice;
    // It begins or ceases to serve: told before a segment of that leaves.
    std::function<void(bool serves)> serving;
    // An event has been carried out; optional.
    std::function<void()> settled;
    // Of an exception in the loop: nothing goes on after that.
    std::function<void(const std::exception&)> failed;
  };
  struct Counters {
    SingleWriterCount bursts;    // of datagrams that were decided about
    SingleWriterCount too_late;  // datagrams that were ready after the right to say them had ended
    SingleWriterCount stream_bytes;  // that were said to the other replica
    SingleWriterCount late;          // timers that came more than 2 ms late
  };

  HostLoop(boost::asio::io_context& io, tcp::HostConfig config, Tun tun, Departure departure,
           Owner owner);

  // Before start(): where the streams are. A host that is alone has none.
  void use(std::unique_ptr<ReplicaStreams> streams) { streams_ = std::move(streams); }
  // What the streams' owner is told goes to the machine.
  StreamEvents stream_events(std::function<void(std::string)> log);

  void start();
  // Says what was said so far, closes the streams, and hears nothing more on them: for who has
  // handed over and leaves, whom the other replica must not take for its standby.
  void part();
  // One event from outside, with all that follows from it.
  template <class Event>
  auto act(Event&& event) {
    if constexpr (std::is_void_v<decltype(event(Instant{}, host_))>) {
      event(now(), host_);
      carry_out();
    } else {
      auto result = event(now(), host_);
      carry_out();
      return result;
    }
  }

  // Nothing is transmitted until release(), or for so long; all else goes on.
  void hold(Duration longest);
  void release();

  bool may_speak() const { return now() < host_.speaks_until(); }

  const tcp::Host& host() const { return host_; }
  const Tun& tun() const { return tun_; }
  const RawSender* raw() const { return raw_ ? &*raw_ : nullptr; }
  ReplicaStreams* streams() const { return streams_.get(); }
  const Counters& counters() const { return counters_; }
  // From something said to the other replica to the next that it says: median of the newest 1,024.
  Duration replica_round_trip() const { return round_trips_.median(); }

 private:
  struct World;

  static Instant now();
  void wait();
  void tell_serving();
  void note_answer(Instant at);
  void note_late(Duration late);
  void note_segment_in(Instant at);
  void on_packets();
  void carry_out();
  void arm(Instant at);
  void transmit(const Packet& packet);
  void leave();
  void send_held();
  bool in_time();

  tcp::Host host_;
  Tun tun_;
  const Departure departure_;
  SegmentJoiner joiner_;
  std::optional<RawSender> raw_;
  std::vector<std::uint8_t> held_;  // what waits for raw_, one behind the other
  std::vector<std::size_t> held_sizes_;
  Owner owner_;
  boost::asio::posix::stream_descriptor readiness_;  // a second descriptor of the device
  boost::asio::steady_timer timer_;
  Instant armed_ = kNever;
  boost::asio::steady_timer hold_timer_;
  bool holds_ = false;
  bool serves_ = false;
  bool parted_ = false;
  Instant asked_at_ = kNever;  // the replica has not said anything since
  RoundTrips round_trips_;
  TakeoverTimes takeover_;
  std::unique_ptr<ReplicaStreams> streams_;
  Counters counters_;
};

}  // namespace poise::realnet
