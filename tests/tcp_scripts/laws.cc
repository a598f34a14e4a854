// The laws of what leaves, seen from outside.
#include "tests/tcp_scripts/laws.h"

#include <string>

#include "model/wire/bytes.h"
#include "model/wire/datagram.h"
#include "tests/scenes/text.h"

namespace poise::tcp::script {

namespace {

namespace flag = wire::tcp_flag;
using scene::Wrong;

// What lies further back than 2^30 has wrapped.
bool is_before(std::uint32_t a, std::uint32_t b) {
  return a != b && b - a < 1u << 30;
}

}  // namespace

void Laws::check(std::span<const std::uint8_t> bytes, int replica, std::uint64_t epoch) {
  if (is_pair_) {
    if (epoch < epoch_ || (epoch == epoch_ && replica != speaker_))
      throw Wrong("two replicas speak: one in epoch " + std::to_string(epoch) + " after one in " +
                  std::to_string(epoch_));
    epoch_ = epoch;
    speaker_ = replica;
  }
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none) throw Wrong("no datagram left");
  const std::uint8_t* tcp = bytes.data() + datagram.transport_offset;
  if ((tcp[13] & flag::kRst) != 0) return;
  Flow& flow = flows_[datagram.destination_port];
  check_options(flow,
                bytes.subspan(datagram.transport_offset + 20u,
                              datagram.payload_offset - datagram.transport_offset - 20u),
                (tcp[13] & flag::kSyn) != 0);
  if ((tcp[13] & flag::kAck) != 0) check_edge(flow, tcp);
}

void Laws::check_edge(Flow& flow, const std::uint8_t* tcp) {
  const bool is_syn = (tcp[13] & flag::kSyn) != 0;
  const std::uint32_t window = std::uint32_t{wire::load16(tcp + 14)} << (is_syn ? 0 : flow.scale);
  const std::uint32_t edge = wire::load32(tcp + 8) + window;
  if (flow.edge && is_before(edge, *flow.edge))
    throw Wrong("the window's right edge moved left by " + std::to_string(*flow.edge - edge));
  flow.edge = edge;
}

void Laws::check_options(Flow& flow, std::span<const std::uint8_t> options, bool is_syn) {
  for (std::size_t at = 0; at < options.size() && options[at] != 0;) {
    const std::size_t size = options[at] == 1 ? 1 : at + 1 < options.size() ? options[at + 1] : 0;
    if (size == 0 || size > options.size() - at) throw Wrong("options that do not add up left");
    if (options[at] == 3 && is_syn) flow.scale = options[at + 2];
    if (options[at] == 8) {
      const std::uint32_t value = wire::load32(options.data() + at + 2);
      if (flow.timestamp && is_before(value, *flow.timestamp))
        throw Wrong("timestamps ran backwards by " + std::to_string(*flow.timestamp - value));
      flow.timestamp = value;
    }
    at += size;
  }
}

}  // namespace poise::tcp::script
