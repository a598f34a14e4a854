// Writes so many bytes to a TCP socket: as fast as its buffer takes them, or a message an interval.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ns3/event-id.h>
#include <ns3/socket.h>

namespace poise::ns3world {

class Sender {
 public:
  Sender() = default;
  ~Sender() { stop(); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // `head`, then zeros, `size` bytes in all. With message_bytes and interval_ns, that much each.
  // REQUIRES: done(), head.size() <= size.
  void start(ns3::Ptr<ns3::Socket> socket, std::span<const std::uint8_t> head, std::uint64_t size,
             std::uint32_t message_bytes, std::uint64_t interval_ns);
  // TCP's buffer has room again.
  void resume();
  void stop();
  bool done() const { return left_ == 0; }

 private:
  void offer(std::uint64_t size);
  void write();

  ns3::Ptr<ns3::Socket> socket_;
  std::vector<std::uint8_t> head_;
  std::uint64_t left_ = 0;     // bytes not yet given to TCP
  std::uint64_t due_ = 0;      // of them, those that may be given now
  std::uint64_t message_ = 0;  // what each tick makes due
  std::uint64_t interval_ns_ = 0;
  ns3::EventId tick_;
};

}  // namespace poise::ns3world
