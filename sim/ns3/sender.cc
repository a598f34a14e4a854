// Writes so many bytes to a TCP socket, at once or at a pace.
#include "sim/ns3/sender.h"

#include <algorithm>

#include <ns3/packet.h>
#include <ns3/simulator.h>

#include "model/check.h"

namespace poise::ns3world {

namespace {
constexpr std::uint64_t kChunk = 65536;  // one write
}

void Sender::start(ns3::Ptr<ns3::Socket> socket, std::span<const std::uint8_t> head,
                   std::uint64_t size, std::uint32_t message_bytes, std::uint64_t interval_ns) {
  POISE_CHECK(done() && head.size() <= size);
  socket_ = std::move(socket);
  head_.assign(head.begin(), head.end());
  left_ = size;
  const bool paced = message_bytes > 0 && interval_ns > 0;
  message_ = paced ? message_bytes : size;
  interval_ns_ = interval_ns;
  offer(std::max<std::uint64_t>(message_, head.size()));  // the head is never cut
}

void Sender::offer(std::uint64_t size) {
  due_ = std::min(left_, due_ + size);
  if (due_ < left_)
    tick_ =
        ns3::Simulator::Schedule(ns3::NanoSeconds(interval_ns_), &Sender::offer, this, message_);
  write();
}

void Sender::write() {
  while (due_ > 0) {
    const std::uint64_t size = std::min({due_, kChunk, std::uint64_t{socket_->GetTxAvailable()}});
    if (size == 0 || size < head_.size()) return;  // resume() comes
    ns3::Ptr<ns3::Packet> packet;
    if (head_.empty()) {
      packet = ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(size));
    } else {
      packet = ns3::Create<ns3::Packet>(head_.data(), static_cast<std::uint32_t>(head_.size()));
      packet->AddAtEnd(ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(size - head_.size())));
    }
    if (socket_->Send(packet) < 0) return;  // the connection is going away
    head_.clear();
    due_ -= size;
    left_ -= size;
  }
}

void Sender::resume() {
  write();
}

void Sender::stop() {
  tick_.Cancel();
  left_ = due_ = 0;
}

}  // namespace poise::ns3world
