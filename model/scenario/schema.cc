// The one list of keys: section by section, with type, unit, range, allowed words and meaning.
#include "model/scenario/schema.h"

#include <array>
#include <type_traits>

#include "model/scenario/schema_field.h"
#include "model/tcp/replication/config.h"

namespace poise::scenario {
namespace {

constexpr double kBytesMax = 1e12;
constexpr double kSecondsMax = 1e6;
constexpr double kTick = 1e-9;
constexpr double kCountMax = 4294967295.0;

constexpr std::array<std::string_view, 2> kProtocols{"tcp", "udp"};
constexpr std::array<std::string_view, 4> kEncapsulations{"caplance", "gue", "ipip", "gre"};
constexpr std::array<std::string_view, 1> kDeliveries{"direct"};
constexpr std::array<std::string_view, 2> kServers{"host", "failover"};
constexpr std::array<std::string_view, 4> kHashFields{"3", "4", "5", "caplance"};
constexpr std::array<std::string_view, 2> kEcmps{"resilient", "modulo"};
constexpr std::array<std::string_view, 2> kArrivals{"open", "closed"};
constexpr std::array<std::string_view, 5> kSizes{"fixed", "websearch", "fb_hadoop",
                                                 "alistorage2019", "points"};
constexpr std::array<std::string_view, 2> kDirections{"download", "upload"};

// The four keys of a link, wherever in the struct the LinkSpec stands.
template <auto... Path>
std::vector<Field> link_fields() {
  return {
      key<Path..., &LinkSpec::rate_bps>("rate_bps", "Rate in each direction.")
          .range(1e3, 1e12, "bit/s"),
      key<Path..., &LinkSpec::delay>("delay_s", "Propagation delay.").range(0, 60, "s"),
      key<Path..., &LinkSpec::queue_packets>("queue_packets", "Room of the queue before the link.")
          .range(1, 1e6, "packets"),
      key<Path..., &LinkSpec::loss>("loss", "Probability that a packet is lost, per direction.")
          .range(0, 1),
  };
}

const Table& link_table(std::string_view which) {
  static const Table client = describe<LinkSpec>("topology.client_link", link_fields());
  static const Table fabric = describe<LinkSpec>("topology.fabric_link", link_fields());
  static const Table balancer = describe<LinkSpec>("topology.balancer_link", link_fields());
  static const Table backend = describe<LinkSpec>("topology.backend_link", link_fields());
  if (which == "client") return client;
  if (which == "fabric") return fabric;
  return which == "balancer" ? balancer : backend;
}

const Table& node_table() {
  static const Table table = describe<NodeSpec>(
      "topology.node",
      {
          key<&NodeSpec::name>("name", "Its name: letters, digits, `_`, `.` and `-`.").must(),
          key<&NodeSpec::kind>("kind", "What it is.").must(),
      });
  return table;
}

const Table& edge_table() {
  static const Table table = [] {
    std::vector<Field> fields{
        key<&EdgeSpec::name>("name", "Its name; `a-b` when it has none."),
        key<&EdgeSpec::a>("a", "The node at one end.").must(),
        key<&EdgeSpec::b>("b", "The node at the other end.").must(),
    };
    for (const Field& field : link_fields<&EdgeSpec::link>()) fields.push_back(field);
    return describe<EdgeSpec>("topology.link", std::move(fields));
  }();
  return table;
}

const Table& topology_table() {
  static const Table table = describe<TopologySpec>(
      "topology",
      {
          key<&TopologySpec::shape>("shape", "How the parts are connected."),
          key<&TopologySpec::clients>("clients", "Client hosts (not explicit).").range(1, 60000),
          key<&TopologySpec::balancers>("balancers", "Balancers (not explicit).").range(1, 1000),
          key<&TopologySpec::backends>("backends", "Backend hosts (not explicit).").range(1, 10000),
          key<&TopologySpec::spares>("spares", "Backend hosts that start absent, for `join`.")
              .range(0, 10000),
          key<&TopologySpec::spines>("spines", "Spine (leaf), core (clos) or edge (wan) routers.")
              .range(1, 64),
          sub<&TopologySpec::client_link>("client_link", "From a client to its router.",
                                          link_table("client")),
          sub<&TopologySpec::fabric_link>("fabric_link", "Between routers.", link_table("fabric")),
          sub<&TopologySpec::balancer_link>("balancer_link", "From a balancer to its router.",
                                            link_table("balancer")),
          sub<&TopologySpec::backend_link>("backend_link", "From a backend to its router.",
                                           link_table("backend")),
          list<&TopologySpec::nodes>("node", "A node of an explicit shape.", node_table()),
          list<&TopologySpec::links>("link", "A link of an explicit shape.", edge_table()),
      });
  return table;
}

const Table& vip_table() {
  static const Table table = describe<VipSpec>(
      "service.vip", {
                         key<&VipSpec::address>("address", "The service's address."),
                         key<&VipSpec::port>("port", "Its port; 0: any port.").range(0, 65535),
                         key<&VipSpec::protocol>("protocol", "Its protocol.").one_of(kProtocols),
                     });
  return table;
}

const Table& service_table() {
  static const Table table = describe<ServiceSpec>(
      "service",
      {
          key<&ServiceSpec::encapsulation>("encapsulation",
                                           "How a packet travels from balancer to backend.")
              .one_of(kEncapsulations),
          key<&ServiceSpec::delivery>("delivery", "direct: the backend answers the client itself.")
              .one_of(kDeliveries),
          key<&ServiceSpec::server>("server",
                                    "host: the TCP of the world's own hosts; failover: ours, whose "
                                    "connections outlive a server.")
              .one_of(kServers),
          key<&ServiceSpec::mtu>("mtu_bytes", "Largest datagram of the fabric.")
              .range(576, 65535, "bytes"),
          key<&ServiceSpec::weights>("weights",
                                     "Of the backends in order, spares last; missing ones are 1.")
              .range(1, 1e6),
          list<&ServiceSpec::vips>("vip", "An address that is served.", vip_table()),
      });
  return table;
}

const Table& policy_table() {
  static const Table table = describe<PolicySpec>(
      "policy",
      {
          key<&PolicySpec::kind>("kind", "How a backend is chosen.").as(Type::policy),
          key<&PolicySpec::table_size>("table_size", "Entries of a Maglev table: a prime.")
              .range(1, 16777259),
          key<&PolicySpec::virtual_nodes>("virtual_nodes", "Points of a ring per unit of weight.")
              .range(1, 100000),
          key<&PolicySpec::hash_fields>("hash_fields",
                                        "What of a packet names its flow: 5 is protocol, both "
                                        "addresses and ports; 4 and 3 leave out fields.")
              .one_of(kHashFields),
          key<&PolicySpec::tracking>("tracking", "Remember each flow's backend."),
          key<&PolicySpec::flow_count_max>("flow_count_max", "Flows that a balancer remembers.")
              .range(1, 16777216),
          key<&PolicySpec::established_timeout>("established_timeout_s",
                                                "Silence after which an open flow is forgotten.")
              .range(1e-3, kSecondsMax, "s"),
          key<&PolicySpec::handshake_timeout>("handshake_timeout_s",
                                              "The same before the handshake is done.")
              .range(1e-3, kSecondsMax, "s"),
          key<&PolicySpec::closing_timeout>("closing_timeout_s", "The same after a FIN or RST.")
              .range(1e-3, kSecondsMax, "s"),
          key<&PolicySpec::slow_start>(
              "slow_start_s", "Time in which a returning backend's weight grows; 0: at once.")
              .range(0, kSecondsMax, "s"),
      });
  return table;
}

const Table& control_table() {
  static const Table table = describe<ControlSpec>(
      "control",
      {
          key<&ControlSpec::heartbeat>("heartbeat_s", "Interval of an agent's heartbeats.")
              .range(1e-3, kSecondsMax, "s"),
          key<&ControlSpec::timeout>("timeout_s", "Silence after which a backend is down.")
              .range(1e-3, kSecondsMax, "s"),
          key<&ControlSpec::probe_interval>("probe_interval_s",
                                            "Interval of data-path probes to a new backend.")
              .range(1e-3, kSecondsMax, "s"),
          key<&ControlSpec::reconnect>("reconnect_s",
                                       "Pause of an agent before it registers again.")
              .range(1e-3, kSecondsMax, "s"),
          key<&ControlSpec::drain_timeout>("drain_timeout_s",
                                           "Time that a drained backend's flows are kept.")
              .range(1e-3, kSecondsMax, "s"),
      });
  return table;
}

const Table& replication_table() {
  static const Table table = describe<ReplicationSpec>(
      "replication",
      {
          key<&ReplicationSpec::policy>("policy",
                                        "When an output may leave; output: when the standby has "
                                        "what it depends on.")
              .one_of(tcp::kCommitPolicyWords),
          key<&ReplicationSpec::heartbeat>("heartbeat_s", "Interval of a replica's heartbeats.")
              .range(1e-4, 60, "s"),
          key<&ReplicationSpec::missed_max>(
              "missed_max", "Heartbeats that are missed before the other replica is suspected.")
              .range(1, 1000),
          key<&ReplicationSpec::lease>("lease_s",
                                       "How long an answered heartbeat lets the active speak.")
              .range(1e-4, 60, "s"),
          key<&ReplicationSpec::witness>("witness",
                                         "Whether the first balancer's host is the third vote."),
          key<&ReplicationSpec::mirror>("mirror",
                                        "Balancers send what clients send to both replicas."),
      });
  return table;
}

const Table& routing_table() {
  static const Table table = describe<RoutingSpec>(
      "routing",
      {
          key<&RoutingSpec::ecmp>("ecmp",
                                  "resilient: only a lost next hop's flows move; modulo: most do.")
              .one_of(kEcmps),
          key<&RoutingSpec::detection>("detection_s", "Time until routers route around a failure.")
              .range(0, kSecondsMax, "s"),
      });
  return table;
}

const Table& workload_table() {
  static const Table table = describe<WorkloadSpec>(
      "workload",
      {
          key<&WorkloadSpec::arrivals>("arrivals",
                                       "open: Poisson; closed: `concurrency` flows at a time.")
              .one_of(kArrivals),
          key<&WorkloadSpec::rate_per_s>("rate_per_s", "open: flows over all clients.")
              .range(1e-3, 1e7, "1/s"),
          key<&WorkloadSpec::concurrency>("concurrency", "closed: flows in progress.")
              .range(1, 1e6),
          key<&WorkloadSpec::flow_count_max>("flow_count_max",
                                             "Flows altogether; 0: no bound but the time.")
              .range(0, 1e7),
          key<&WorkloadSpec::sizes>("sizes", "The law of the sizes.").one_of(kSizes),
          key<&WorkloadSpec::size_bytes>("size_bytes", "fixed: the size.")
              .range(1, kBytesMax, "bytes"),
          key<&WorkloadSpec::size_points>(
              "size_points", "points: pairs of bytes and cumulative percent, linear between them."),
          key<&WorkloadSpec::request_bytes>(
              "request_bytes", "What the client sends (downloading) or gets back (uploading).")
              .range(1, 1e9, "bytes"),
          key<&WorkloadSpec::requests>("requests", "Requests one after another on a connection.")
              .range(1, 1e6),
          key<&WorkloadSpec::think>("think_s", "Mean pause (exponential) before the next request.")
              .range(0, kSecondsMax, "s"),
          key<&WorkloadSpec::direction>("direction",
                                        "download: sizes are of responses; upload: of requests.")
              .one_of(kDirections),
          key<&WorkloadSpec::message_bytes>(
              "message_bytes",
              "0: all at once; else the sender writes this much every message_interval_s.")
              .range(0, 1e9, "bytes"),
          key<&WorkloadSpec::message_interval>("message_interval_s", "See message_bytes.")
              .range(0, kSecondsMax, "s"),
          key<&WorkloadSpec::start>("start_s", "When the first flow may start.")
              .range(0, kSecondsMax, "s"),
          key<&WorkloadSpec::stop>("stop_s", "When no more flows start; 0: the end of the run.")
              .range(0, kSecondsMax, "s"),
      });
  return table;
}

const Table& fault_table() {
  static const Table table = describe<FaultSpec>(
      "fault",
      {
          key<&FaultSpec::at>("at_s", "When.").range(0, kSecondsMax, "s").must(),
          key<&FaultSpec::kind>("do", "What.").must(),
          key<&FaultSpec::target>("target", "The name of a node or a link.").must(),
          key<&FaultSpec::lasts>("lasts_s", "Its opposite follows after this time; 0: never.")
              .range(0, kSecondsMax, "s"),
          key<&FaultSpec::value>("value",
                                 "slow: seconds of delay more; lossy: probability of loss.")
              .range(0, 3600),
      });
  return table;
}

const Table& measures_table() {
  static const Table table = describe<MeasuresSpec>(
      "measures",
      {
          key<&MeasuresSpec::interval>("interval_s", "Of the rows of the timeline.")
              .range(1e-6, kSecondsMax, "s"),
          key<&MeasuresSpec::stall>("stall_s",
                                    "A flow without progress for this long at the end is stalled.")
              .range(1e-3, kSecondsMax, "s"),
          key<&MeasuresSpec::captures>("captures", "Nodes whose packets are written as pcap."),
          key<&MeasuresSpec::records>("records", "Keep every machine's events for replay."),
      });
  return table;
}

const Table& variant_table() {
  static const Table table = describe<VariantSpec>(
      "variant", {
                     key<&VariantSpec::name>("name", "Its name.").must(),
                     key<&VariantSpec::set>(
                         "set", "Keys with their other values: { \"policy.kind\" = \"jump\" }."),
                 });
  return table;
}

}  // namespace

const Table& plan_table() {
  static const Table table = describe<Plan>(
      "",
      {
          key<&Plan::title>("title", "What the experiment asks."),
          key<&Plan::seed>("seed", "Of everything random.").range(0, 9223372036854775807.0),
          key<&Plan::run>("run", "The replication: independent streams of one seed.")
              .range(0, kCountMax),
          key<&Plan::duration>("duration_s", "Simulated time.").range(kTick, kSecondsMax, "s"),
          sub<&Plan::topology>("topology", "Hosts, routers, links.", topology_table()),
          sub<&Plan::service>("service", "What is served, and how.", service_table()),
          sub<&Plan::policy>("policy", "How a backend is chosen.", policy_table()),
          sub<&Plan::control>("control", "Timers between agents and balancers.", control_table()),
          sub<&Plan::replication>("replication", "Of failover TCP: who may speak when.",
                                  replication_table()),
          sub<&Plan::routing>("routing", "What the routers do.", routing_table()),
          sub<&Plan::workload>("workload", "What the clients do.", workload_table()),
          list<&Plan::faults>("fault", "Something that goes wrong.", fault_table()),
          sub<&Plan::measures>("measures", "What is recorded.", measures_table()),
          list<&Plan::variants>("variant", "A named change of the plan.", variant_table()),
      });
  return table;
}

Field Field::range(double low, double high, std::string_view unit_name) const {
  Field copy = *this;
  copy.min = low;
  copy.max = high;
  copy.unit = unit_name;
  return copy;
}

Field Field::one_of(std::span<const std::string_view> allowed) const {
  Field copy = *this;
  copy.type = Type::word;
  copy.words = allowed;
  return copy;
}

Field Field::as(Type other) const {
  Field copy = *this;
  copy.type = other;
  return copy;
}

Field Field::like(bool (*accepted)(std::string_view), std::string_view form_text) const {
  Field copy = *this;
  copy.accepts = accepted;
  copy.form = form_text;
  return copy;
}

Field Field::must() const {
  Field copy = *this;
  copy.required = true;
  return copy;
}

std::string range_text(const Field& field) {
  const bool is_widest = field.max > 9.2e18;  // no double shows the largest integer exactly
  const std::string max = is_widest ? "9223372036854775807" : to_toml(field.max);
  return to_toml(field.min) + " to " + max +
         (field.unit.empty() ? "" : " " + std::string(field.unit));
}

const Field* Table::find(std::string_view field) const {
  for (const Field& candidate : fields)
    if (candidate.name == field) return &candidate;
  return nullptr;
}

}  // namespace poise::scenario
