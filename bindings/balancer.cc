// Binds the Balancer as a pure machine: events in, verdicts, bytes and actions out.
#include "model/balancer/balancer.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "bindings/backend_table.h"
#include "bindings/machine.h"
#include "bindings/module.h"
#include "bindings/python_policy.h"

namespace py = pybind11;

namespace poise::python {

Command command_of(const std::string& kind, const std::string& backend) {
  using enum Command::Kind;
  std::string known;
  for (const Command::Kind order : {drain, pause, resume, deregister}) {
    if (to_string(order) == kind) return {order, backend};
    known += (known.empty() ? "" : ", ") + std::string(to_string(order));
  }
  throw py::value_error("kind is \"" + kind + "\"; allowed: " + known);
}

py::dict counters_of(const Counters& counters) {
  py::dict table;
  for (std::size_t i = 0; i < kCountNumber; ++i) {
    const auto count = static_cast<Count>(i);
    table[py::str(std::string(to_string(count)))] = counters[count];
  }
  return table;
}

std::vector<Vip> vips_of(const py::iterable& vips) {
  std::vector<Vip> out;
  for (const py::handle item : vips) {
    const auto [address, port, protocol] =
        item.cast<std::tuple<py::object, std::uint16_t, std::string>>();
    if (protocol != "tcp" && protocol != "udp")
      throw py::value_error("a VIP's protocol is \"" + protocol + "\"; allowed: tcp, udp");
    out.push_back(
        {address_of(address), static_cast<std::uint8_t>(protocol == "tcp" ? 6 : 17), port});
  }
  return out;
}

namespace {

std::string_view reason_of(Decision::Reason reason) {
  static constexpr std::array<std::string_view, 6> kWords = {"none",  "tracked",   "chosen",
                                                             "moved", "untracked", "fragment"};
  return kWords.at(static_cast<std::size_t>(reason));
}

// A Balancer whose policy may be Python's: what that raised is raised by the event it came in.
class PyBalancer {
 public:
  PyBalancer(BalancerConfig config, std::unique_ptr<policy::Policy> policy,
             std::shared_ptr<std::optional<py::error_already_set>> error)
      : error_(std::move(error)), balancer_(std::move(config), std::move(policy)) {}

  std::pair<Verdict, py::bytes> on_packet(double now_s, const py::bytes& data) {
    Packet packet = memory_.hold(data);
    const Verdict verdict = balancer_.on_packet(instant_of(now_s), packet);
    rethrow();
    return {verdict, bytes_of(packet.bytes())};
  }
  void on_peer(double now_s, PeerId peer, bool up) {
    balancer_.on_peer(instant_of(now_s), peer, up ? PeerEvent::up : PeerEvent::down);
    rethrow();
  }
  void on_message(double now_s, PeerId peer, const py::bytes& data) {
    balancer_.on_message(instant_of(now_s), peer, span_of(data));
    rethrow();
  }
  std::string on_command(double now_s, const std::string& kind, const std::string& backend) {
    const auto result = balancer_.on_command(instant_of(now_s), command_of(kind, backend));
    rethrow();
    return std::string(to_string(result));
  }
  void on_timer(double now_s) {
    balancer_.on_timer(instant_of(now_s));
    rethrow();
  }
  Actions drain_all() {
    Actions actions;
    drain(balancer_, actions);
    return actions;
  }
  std::pair<std::optional<std::string>, std::string> decision() const {
    const Decision& decision = balancer_.decision();
    std::optional<std::string> name;
    if (const Backend* backend = balancer_.backends().find(decision.backend)) name = backend->name;
    return {name, std::string(reason_of(decision.reason))};
  }
  const Balancer& balancer() const { return balancer_; }

 private:
  void rethrow() {
    if (!*error_) return;
    py::error_already_set error(**error_);
    error_->reset();
    throw error;
  }

  std::shared_ptr<std::optional<py::error_already_set>> error_;
  Balancer balancer_;
  PacketMemory memory_;
};

std::unique_ptr<PyBalancer> make_balancer(const std::string& name, py::handle address,
                                          const py::iterable& vips, py::object policy,
                                          const std::string& encapsulation, std::uint32_t mtu,
                                          const std::string& hash_fields, bool tracking,
                                          std::uint32_t flow_count_max, std::uint32_t table_size,
                                          double timeout_s, double probe_interval_s,
                                          double drain_timeout_s, std::uint64_t seed) {
  BalancerConfig config;
  config.name = name;
  config.address = address_of(address);
  config.vips = vips_of(vips);
  config.encapsulation = encapsulation_of(encapsulation);
  config.mtu = mtu;
  config.hash_fields = flow_fields_of(hash_fields);
  config.tracking = tracking;
  config.flow_count_max = flow_count_max;
  config.timeout = duration_of(timeout_s, "timeout_s");
  config.probe_interval = duration_of(probe_interval_s, "probe_interval_s");
  config.drain_timeout = duration_of(drain_timeout_s, "drain_timeout_s");
  config.seed = seed;
  auto error = std::make_shared<std::optional<py::error_already_set>>();
  std::unique_ptr<policy::Policy> chosen;
  if (py::isinstance<py::str>(policy)) {
    policy::Config built_in;
    built_in.kind = policy.cast<std::string>();
    built_in.table_size = table_size;
    chosen = policy::make(built_in);
  } else {
    chosen =
        std::make_unique<PythonPolicy>(std::move(policy), [error](py::error_already_set& raised) {
          if (!*error) error->emplace(raised);
        });
  }
  return std::make_unique<PyBalancer>(std::move(config), std::move(chosen), error);
}

void bind_actions(py::module_& module) {
  py::class_<Message>(module, "Message", "What a machine asks of a stream.")
      .def_property_readonly(
          "kind",
          [](const Message& message) {
            using enum Message::Kind;
            return message.kind == open ? "open" : message.kind == close ? "close" : "bytes";
          })
      .def_readonly("peer", &Message::peer)
      .def_property_readonly("bytes",
                             [](const Message& message) { return py::bytes(message.bytes); })
      .def("__repr__", [](const Message& message) {
        return "<poise.Message to " + std::to_string(message.peer) + " " +
               py::repr(py::bytes(message.bytes)).cast<std::string>() + ">";
      });
  py::class_<Notice>(module, "Notice", "What a machine tells its operator.")
      .def_readonly("kind", &Notice::kind)
      .def_readonly("subject", &Notice::subject)
      .def_readonly("detail", &Notice::detail)
      .def("__repr__", [](const Notice& notice) {
        return "<poise.Notice " + notice.kind + " " + notice.subject +
               (notice.detail.empty() ? "" : ": " + notice.detail) + ">";
      });
  py::class_<Actions>(module, "Actions", "What a machine wants of its world after an event.")
      .def_property_readonly("packets",
                             [](const Actions& actions) {
                               py::list packets;
                               for (const std::string& packet : actions.packets)
                                 packets.append(py::bytes(packet));
                               return packets;
                             })
      .def_readonly("messages", &Actions::messages)
      .def_readonly("notices", &Actions::notices)
      .def_property_readonly(
          "wake_at_s",
          [](const Actions& actions) {
            return actions.deadline == kNever ? std::nullopt
                                              : std::optional(to_seconds(actions.deadline));
          },
          "When on_timer wants to be called; None: not at all.");
}

}  // namespace

void bind_balancer(py::module_& module) {
  bind_actions(module);
  py::class_<PyBalancer>(
      module, "Balancer",
      "A packet-level load balancer with direct server return, as a pure machine: call\n"
      "an event, then `drain()`. Times are seconds from any origin and never run back.")
      .def(py::init(&make_balancer), py::kw_only(), py::arg("name") = "balancer",
           py::arg("address"), py::arg("vips"), py::arg("policy") = "maglev",
           py::arg("encapsulation") = "gue", py::arg("mtu") = 1500, py::arg("hash_fields") = "5",
           py::arg("tracking") = true, py::arg("flow_count_max") = 65536,
           py::arg("table_size") = 65537, py::arg("timeout_s") = 1.0,
           py::arg("probe_interval_s") = 0.1, py::arg("drain_timeout_s") = 60.0,
           py::arg("seed") = 1,
           "vips: [(address, port, \"tcp\" or \"udp\")]. policy: a kind, or a poise.Policy.\n"
           "Raises ValueError.")
      .def("on_packet", &PyBalancer::on_packet, py::arg("now_s"), py::kw_only(), py::arg("packet"),
           "A datagram: (verdict, the datagram as it is now).")
      .def("on_peer", &PyBalancer::on_peer, py::arg("now_s"), py::kw_only(), py::arg("peer"),
           py::arg("up") = true, "A control stream came up or went down.")
      .def("on_message", &PyBalancer::on_message, py::arg("now_s"), py::kw_only(), py::arg("peer"),
           py::arg("data"), "Bytes of a control stream, cut anywhere.")
      .def("on_command", &PyBalancer::on_command, py::arg("now_s"), py::kw_only(), py::arg("kind"),
           py::arg("backend"),
           "An order (drain, pause, resume, deregister): done, unknown or refused.")
      .def("on_timer", &PyBalancer::on_timer, py::arg("now_s"),
           "The deadline passed; early calls are harmless.")
      .def("drain", &PyBalancer::drain_all,
           "Everything it wants of its world; call it after every event.")
      .def_property_readonly(
          "decision", &PyBalancer::decision,
          "(backend or None, reason) of the last packet: none, tracked, chosen, moved,\n"
          "untracked, fragment.")
      .def(
          "backends", [](const PyBalancer& b) { return backends_of(b.balancer().backends()); },
          "One row a backend, by name, as columns.")
      .def_property_readonly("flow_count",
                             [](const PyBalancer& b) { return b.balancer().flows().size(); })
      .def_property_readonly(
          "counters", [](const PyBalancer& b) { return counters_of(b.balancer().counters()); })
      .def_property_readonly(
          "digest", [](const PyBalancer& b) { return b.balancer().digest(); },
          "A hash of its whole state.");
}

}  // namespace poise::python
