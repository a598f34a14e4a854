// Binds the Agent on a backend's host as a pure machine.
#include "model/balancer/agent.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/machine.h"
#include "bindings/module.h"

namespace py = pybind11;

namespace poise::python {
namespace {

class PyAgent {
 public:
  explicit PyAgent(AgentConfig config) : agent_(std::move(config)) {}

  void start(double now_s) { agent_.start(instant_of(now_s)); }
  std::pair<Verdict, py::bytes> on_packet(double now_s, const py::bytes& data) {
    Packet packet = memory_.hold(data);
    const Verdict verdict = agent_.on_packet(instant_of(now_s), packet);
    return {verdict, bytes_of(packet.bytes())};
  }
  std::pair<Verdict, py::bytes> on_egress(double now_s, const py::bytes& data) {
    Packet packet = memory_.hold(data);
    const Verdict verdict = agent_.on_egress(instant_of(now_s), packet);
    return {verdict, bytes_of(packet.bytes())};
  }
  void on_peer(double now_s, PeerId peer, bool up) {
    agent_.on_peer(instant_of(now_s), checked(peer), up ? PeerEvent::up : PeerEvent::down);
  }
  void on_message(double now_s, PeerId peer, const py::bytes& data) {
    agent_.on_message(instant_of(now_s), checked(peer), span_of(data));
  }
  std::string on_command(double now_s, const std::string& kind) {
    return std::string(to_string(agent_.on_command(instant_of(now_s), command_of(kind, ""))));
  }
  void on_timer(double now_s) { agent_.on_timer(instant_of(now_s)); }
  Actions drain_all() {
    Actions actions;
    drain(agent_, actions);
    return actions;
  }
  std::string state(PeerId peer) const {
    return std::string(to_string(agent_.state(checked(peer))));
  }
  const Agent& agent() const { return agent_; }

 private:
  PeerId checked(PeerId peer) const {
    if (peer >= agent_.config().balancers.size())
      throw py::index_error("peer is " + std::to_string(peer) + "; the agent has " +
                            std::to_string(agent_.config().balancers.size()) + " balancers");
    return peer;
  }

  Agent agent_;
  PacketMemory memory_;
};

std::unique_ptr<PyAgent> make_agent(const std::string& name, py::handle address,
                                    const py::iterable& balancers, const py::iterable& vips,
                                    std::uint32_t weight, const std::string& encapsulation,
                                    std::uint32_t mtu, double heartbeat_s, double timeout_s,
                                    double reconnect_s, std::uint64_t seed) {
  AgentConfig config;
  config.name = name;
  config.address = address_of(address);
  for (const py::handle balancer : balancers) config.balancers.push_back(address_of(balancer));
  config.vips = vips_of(vips);
  config.weight = weight;
  config.encapsulation = encapsulation_of(encapsulation);
  config.mtu = mtu;
  config.heartbeat = duration_of(heartbeat_s, "heartbeat_s");
  config.timeout = duration_of(timeout_s, "timeout_s");
  config.reconnect = duration_of(reconnect_s, "reconnect_s");
  config.seed = seed;
  return std::make_unique<PyAgent>(std::move(config));
}

}  // namespace

void bind_agent(py::module_& module) {
  py::class_<PyAgent>(
      module, "Agent",
      "The agent on a backend's host, as a pure machine: registers with every balancer and\n"
      "takes datagrams out of their tunnels. Peer i is the stream to balancers[i].")
      .def(py::init(&make_agent), py::kw_only(), py::arg("name") = "backend", py::arg("address"),
           py::arg("balancers"), py::arg("vips"), py::arg("weight") = 1,
           py::arg("encapsulation") = "gue", py::arg("mtu") = 1500, py::arg("heartbeat_s") = 0.25,
           py::arg("timeout_s") = 1.0, py::arg("reconnect_s") = 0.2, py::arg("seed") = 1,
           "Raises ValueError.")
      .def("start", &PyAgent::start, py::arg("now_s"),
           "Asks for the streams; once, before any other event.")
      .def("on_packet", &PyAgent::on_packet, py::arg("now_s"), py::kw_only(), py::arg("packet"),
           "A datagram that reached the host: (verdict, the datagram as it is now).")
      .def("on_egress", &PyAgent::on_egress, py::arg("now_s"), py::kw_only(), py::arg("packet"),
           "A datagram that the host sends from a VIP: (verdict, the datagram as it is now).")
      .def("on_peer", &PyAgent::on_peer, py::arg("now_s"), py::kw_only(), py::arg("peer"),
           py::arg("up") = true)
      .def("on_message", &PyAgent::on_message, py::arg("now_s"), py::kw_only(), py::arg("peer"),
           py::arg("data"))
      .def("on_command", &PyAgent::on_command, py::arg("now_s"), py::kw_only(), py::arg("kind"),
           "An order (drain, pause, resume, deregister): done, unknown or refused.")
      .def("on_timer", &PyAgent::on_timer, py::arg("now_s"))
      .def("drain", &PyAgent::drain_all,
           "Everything it wants of its world; call it after every event.")
      .def("state", &PyAgent::state, py::arg("peer"),
           "Its state towards a balancer. Raises IndexError.")
      .def_property_readonly("counters",
                             [](const PyAgent& a) { return counters_of(a.agent().counters()); })
      .def_property_readonly(
          "digest", [](const PyAgent& a) { return a.agent().digest(); },
          "A hash of its whole state.");
}

}  // namespace poise::python
