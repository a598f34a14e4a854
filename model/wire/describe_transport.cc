// TCP with its options, and ICMP, in tcpdump's words.
#include "model/wire/describe_transport.h"

#include "model/wire/bytes.h"

namespace poise::wire {
namespace {

std::string number(std::uint32_t value) {
  return std::to_string(value);
}

std::string flags_text(std::uint8_t flags) {
  static constexpr char kLetters[] = "FSRP.UEW";
  std::string text;
  for (std::size_t i = 0; i < 8; ++i)
    if ((flags >> i & 1) != 0) text += kLetters[i];
  return text.empty() ? "none" : text;
}

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::string_view kBadOption = "[bad opt]";

std::string option_text(std::uint8_t kind, std::span<const std::uint8_t> value) {
  if (kind == 2 && value.size() == 2) return "mss " + number(load16(value.data()));
  if (kind == 3 && value.size() == 1) return "wscale " + number(value[0]);
  if (kind == 4 && value.empty()) return "sackOK";
  if (kind == 8 && value.size() == 8)
    return "TS val " + number(load32(value.data())) + " ecr " + number(load32(value.data() + 4));
  if (kind == 5 && !value.empty() && value.size() % 8 == 0) {
    std::string text = "sack " + std::to_string(value.size() / 8) + " ";
    for (std::size_t i = 0; i < value.size(); i += 8)
      text +=
          "{" + number(load32(value.data() + i)) + ":" + number(load32(value.data() + i + 4)) + "}";
    return text;
  }
  std::string text = "unknown-" + number(kind) + (value.empty() ? "" : " 0x");
  for (const std::uint8_t byte : value) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}

std::string options_text(std::span<const std::uint8_t> options) {
  std::string text;
  for (std::size_t i = 0; i < options.size();) {
    if (!text.empty()) text += ',';
    const std::uint8_t kind = options[i];
    if (kind == 0) return text + "eol";
    if (kind == 1) {
      text += "nop";
      ++i;
      continue;
    }
    const std::size_t size = options.size() - i < 2 ? 0 : options[i + 1];
    if (size < 2 || size > options.size() - i) return text.append(kBadOption);
    text += option_text(kind, options.subspan(i + 2, size - 2));
    i += size;
  }
  return text;
}

std::string echo_text(bool is_request, const std::uint8_t* icmp) {
  return std::string(is_request ? "echo request" : "echo reply") + ", id " +
         number(load16(icmp + 4)) + ", seq " + number(load16(icmp + 6));
}

std::string port_text(const Quoted& quoted) {
  return quoted.destination.to_string() +
         (quoted.protocol == protocol::kTcp ? " tcp port " : " udp port ") +
         number(quoted.destination_port);
}

std::string icmp_v4_text(const Datagram& d, const std::uint8_t* icmp) {
  if (d.icmp_type == 8 || d.icmp_type == 0) return echo_text(d.icmp_type == 8, icmp);
  if (d.icmp_type == 11)
    return d.icmp_code == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded";
  if (d.icmp_type != 3) return "type-#" + number(d.icmp_type);
  if (d.icmp_code == 4)
    return d.quoted.destination.to_string() + " unreachable - need to frag (mtu " +
           number(d.icmp_mtu) + ")";
  if (d.icmp_code == 3 && d.quoted.has_ports) return port_text(d.quoted) + " unreachable";
  if (d.icmp_code == 1) return "host " + d.quoted.destination.to_string() + " unreachable";
  return d.quoted.destination.to_string() + " unreachable, code " + number(d.icmp_code);
}

std::string icmp_v6_text(const Datagram& d, const std::uint8_t* icmp) {
  if (d.icmp_type == 128 || d.icmp_type == 129) return echo_text(d.icmp_type == 128, icmp);
  if (d.icmp_type == 2) return "packet too big, mtu " + number(d.icmp_mtu);
  if (d.icmp_type == 3) return "time exceeded in-transit for " + d.quoted.destination.to_string();
  if (d.icmp_type != 1) return "type-#" + number(d.icmp_type);
  if (d.icmp_code == 4 && d.quoted.has_ports)
    return "destination unreachable, unreachable port, " + port_text(d.quoted);
  return "destination unreachable, code " + number(d.icmp_code) + ", " +
         d.quoted.destination.to_string();
}

}  // namespace

std::string describe_tcp(std::span<const std::uint8_t> bytes, const Datagram& datagram) {
  const std::uint8_t* tcp = bytes.data() + datagram.transport_offset;
  const std::uint32_t sequence = load32(tcp + 4);
  const std::uint8_t flags = datagram.tcp_flags;
  std::string text = "Flags [" + flags_text(flags) + "]";
  if (datagram.payload_size != 0)
    text += ", seq " + number(sequence) + ":" + number(sequence + datagram.payload_size);
  else if ((flags & (tcp_flag::kSyn | tcp_flag::kFin | tcp_flag::kRst)) != 0)
    text += ", seq " + number(sequence);
  if ((flags & tcp_flag::kAck) != 0) text += ", ack " + number(load32(tcp + 8));
  text += ", win " + number(load16(tcp + 14));
  if ((flags & tcp_flag::kUrg) != 0) text += ", urg " + number(load16(tcp + 18));
  const std::size_t options_at = datagram.transport_offset + std::size_t{20};
  if (datagram.payload_offset > options_at) {
    const std::string options =
        options_text(bytes.subspan(options_at, datagram.payload_offset - options_at));
    text += ", options [" + options;
    // Where tcpdump gives up: without the length, and without the bracket when it has hardly begun.
    if (options.ends_with(kBadOption)) return options == kBadOption ? text : text + "]";
    text += "]";
  }
  return text + ", length " + number(datagram.payload_size);
}

std::string describe_icmp(std::span<const std::uint8_t> bytes, const Datagram& datagram) {
  const std::uint8_t* icmp = bytes.data() + datagram.transport_offset;
  const std::string text = datagram.family == Family::v4 ? "ICMP " + icmp_v4_text(datagram, icmp)
                                                         : "ICMP6, " + icmp_v6_text(datagram, icmp);
  return text + ", length " + number(datagram.payload_size + 8u);
}

}  // namespace poise::wire
