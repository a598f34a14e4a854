// A machine in Python's hands: bytes and seconds in, and what it wants of its world out, as a
// whole.
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bindings/convert.h"
#include "model/balancer/command.h"
#include "model/balancer/counters.h"
#include "model/machine.h"

namespace poise::python {

// The world of machine.h that keeps everything for Python.
struct Actions {
  std::vector<std::string> packets;
  std::vector<Message> messages;
  std::vector<Notice> notices;
  Instant deadline = kNever;

  void transmit(const Packet& packet) {
    packets.emplace_back(reinterpret_cast<const char*>(packet.bytes().data()), packet.size());
  }
  void send(const Message& message) { messages.push_back(message); }
  void notice(const Notice& notice) { notices.push_back(notice); }
  void wake_at(Instant at) { deadline = at; }
};

// The memory that a packet is lent from for one call.
class PacketMemory {
 public:
  PacketMemory() : memory_(kPacketMemory) {}

  // Throws ValueError when it is longer than any IP datagram.
  Packet hold(const pybind11::bytes& data) {
    const auto bytes = span_of(data);
    if (bytes.size() > kPacketMemory - kHeadroom)
      throw pybind11::value_error("more than 65,536 bytes");
    std::copy(bytes.begin(), bytes.end(), memory_.begin() + kHeadroom);
    return Packet(memory_, kHeadroom, bytes.size());
  }

 private:
  std::vector<std::uint8_t> memory_;
};

// Throws ValueError that lists the orders.
Command command_of(const std::string& kind, const std::string& backend);

pybind11::dict counters_of(const Counters& counters);

}  // namespace poise::python
