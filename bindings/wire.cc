// Binds datagrams: reading, describing, building, tunnelling.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings/convert.h"
#include "bindings/machine.h"
#include "bindings/module.h"
#include "model/wire/build.h"
#include "model/wire/datagram.h"
#include "model/wire/describe.h"
#include "model/wire/encapsulation.h"

namespace py = pybind11;

namespace poise::python {

std::span<const std::uint8_t> span_of(const py::bytes& bytes) {
  return span_of(std::string_view(bytes));
}

wire::Encapsulation encapsulation_of(const std::string& name) {
  if (const auto kind = wire::parse_encapsulation(name)) return *kind;
  throw py::value_error("encapsulation is \"" + name + "\"; allowed: caplance, gre, gue, ipip");
}

namespace {

using wire::Datagram;

Datagram parsed(const py::bytes& data) {
  Datagram datagram;
  const wire::Malformed malformed = wire::parse(span_of(data), datagram);
  if (malformed != wire::Malformed::none)
    throw py::value_error("malformed (" + std::string(to_string(malformed)) + "), " +
                          std::to_string(py::len(data)) + " bytes");
  return datagram;
}

py::bytes encapsulated(const py::bytes& data, const std::string& kind, py::handle source,
                       py::handle destination, std::uint16_t entropy) {
  const Address from = address_of(source), to = address_of(destination);
  if (from.family() != to.family())
    throw py::value_error("the tunnel's source and destination are not of one family");
  parsed(data);
  PacketMemory memory;
  Packet packet = memory.hold(data);
  const wire::TunnelHeader header(encapsulation_of(kind), from, to);
  if (!header.fits(packet)) throw py::value_error("the datagram is too long for a tunnel");
  header.apply(packet, entropy);
  return bytes_of(packet.bytes());
}

py::bytes decapsulated(const py::bytes& data, const std::string& kind) {
  PacketMemory memory;
  Packet packet = memory.hold(data);
  const wire::Malformed malformed = wire::decapsulate(encapsulation_of(kind), packet);
  if (malformed != wire::Malformed::none)
    throw py::value_error("not a " + kind + " tunnel (" + std::string(to_string(malformed)) + ")");
  return bytes_of(packet.bytes());
}

constexpr std::string_view kLetters = "FSRP.UEW";  // TCP's flags as tcpdump writes them, from bit 0

std::uint8_t flags_of(const std::string& letters) {
  std::uint8_t flags = 0;
  for (const char letter : letters) {
    const std::size_t bit = kLetters.find(letter);
    if (bit == std::string_view::npos)
      throw py::value_error("flags is \"" + letters +
                            "\"; allowed are the letters FSRP.UEW of tcpdump");
    flags = static_cast<std::uint8_t>(flags | 1u << bit);
  }
  return flags;
}

py::bytes checked(const std::vector<std::uint8_t>& bytes) {
  if (bytes.empty()) throw py::value_error("the payload does not fit into an IP datagram");
  return bytes_of(bytes);
}

void check_families(const Address& source, const Address& destination) {
  if (source.family() != destination.family())
    throw py::value_error(source.to_string() + " and " + destination.to_string() +
                          " are not of one family");
}

py::bytes tcp(py::handle source, std::uint16_t source_port, py::handle destination,
              std::uint16_t destination_port, const std::string& flags, std::uint32_t sequence,
              std::uint32_t acknowledgment, std::uint16_t window, std::optional<std::uint16_t> mss,
              const py::bytes& payload, std::uint8_t ttl) {
  wire::TcpSegment segment;
  segment.source = {address_of(source), source_port};
  segment.destination = {address_of(destination), destination_port};
  check_families(segment.source.address, segment.destination.address);
  segment.flags = flags_of(flags);
  segment.sequence = sequence;
  segment.acknowledgment = acknowledgment;
  segment.window = window;
  segment.mss = mss;
  segment.payload = span_of(payload);
  segment.ip.ttl = ttl;
  return checked(wire::build(segment));
}

py::bytes udp(py::handle source, std::uint16_t source_port, py::handle destination,
              std::uint16_t destination_port, const py::bytes& payload, std::uint8_t ttl) {
  wire::UdpDatagram datagram;
  datagram.source = {address_of(source), source_port};
  datagram.destination = {address_of(destination), destination_port};
  check_families(datagram.source.address, datagram.destination.address);
  datagram.payload = span_of(payload);
  datagram.ip.ttl = ttl;
  return checked(wire::build(datagram));
}

std::string flag_letters(const Datagram& datagram) {
  std::string letters;
  for (std::size_t bit = 0; bit < kLetters.size(); ++bit)
    if (datagram.tcp_flags >> bit & 1) letters += kLetters[bit];
  return letters;
}

}  // namespace

void bind_wire(py::module_& module) {
  py::class_<Datagram>(module, "Datagram", "What a balancer reads of an IP datagram.")
      .def_readonly("source", &Datagram::source)
      .def_readonly("destination", &Datagram::destination)
      .def_readonly("source_port", &Datagram::source_port, "0 where there is none.")
      .def_readonly("destination_port", &Datagram::destination_port)
      .def_readonly("protocol", &Datagram::protocol, "6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, ...")
      .def_readonly("ttl", &Datagram::ttl)
      .def_readonly("total_size", &Datagram::total_size, "Bytes of the whole datagram.")
      .def_readonly("payload_offset", &Datagram::payload_offset)
      .def_readonly("payload_size", &Datagram::payload_size)
      .def_readonly("is_fragment", &Datagram::is_fragment)
      .def_readonly("is_icmp_error", &Datagram::is_icmp_error)
      .def_property_readonly("flags", &flag_letters,
                             "The TCP flags in tcpdump's letters, FSRP.UEW.");
  module.def("parse", &parsed, py::arg("data"),
             "Reads an IP datagram. Raises ValueError with the reason when it is malformed.");
  module.def(
      "describe", [](const py::bytes& data) { return wire::describe(span_of(data)); },
      py::arg("data"),
      "A datagram in tcpdump's notation, one line, tunnels included. Any bytes will do.");
  module.def("build_tcp", &tcp, py::kw_only(), py::arg("source"), py::arg("source_port"),
             py::arg("destination"), py::arg("destination_port"), py::arg("flags") = "S",
             py::arg("sequence") = 0, py::arg("acknowledgment") = 0, py::arg("window") = 65535,
             py::arg("mss") = py::none(), py::arg("payload") = py::bytes(), py::arg("ttl") = 64,
             "A TCP segment in an IP datagram with right checksums. `flags` in tcpdump's letters.\n"
             "Raises ValueError.");
  module.def("build_udp", &udp, py::kw_only(), py::arg("source"), py::arg("source_port"),
             py::arg("destination"), py::arg("destination_port"), py::arg("payload") = py::bytes(),
             py::arg("ttl") = 64,
             "A UDP datagram in an IP datagram with right checksums. Raises ValueError.");
  module.def(
      "encapsulate", &encapsulated, py::arg("data"), py::kw_only(), py::arg("kind"),
      py::arg("source"), py::arg("destination"), py::arg("entropy") = 0,
      "Puts a datagram into a tunnel: caplance, gre, gue or ipip. `entropy` spreads flows: it\n"
      "is the outer UDP source port. Raises ValueError.");
  module.def(
      "decapsulate", &decapsulated, py::arg("data"), py::kw_only(), py::arg("kind"),
      "Takes a datagram out of its tunnel, after checking it. Raises ValueError with the reason.");
}

}  // namespace poise::python
