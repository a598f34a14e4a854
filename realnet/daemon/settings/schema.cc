// The keys of the balancer and of the agent: section by section, with range, words and meaning.
#include "realnet/daemon/settings/schema.h"

#include <algorithm>
#include <array>

#include "model/backend/backend_set.h"
#include "model/flow/flow_table.h"
#include "realnet/daemon/settings/common_sections.h"
#include "realnet/daemon/settings/sections.h"

namespace poise::realnet {
namespace {

using scenario::Field;
using scenario::key;
using scenario::Table;

template <class Settings>
Table table_of(std::string_view name, std::vector<Field> fields, std::string_view whole = {}) {
  static const Settings defaults{};
  return Table{name, std::move(fields), &defaults, whole};
}

std::vector<Field> joined(std::vector<Field> first, std::vector<Field> second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The sections that every role ends with.
template <class S>
std::vector<Field> last_sections(std::vector<Field> state_fields) {
  static const Table packets = table_of<S>("packets", packet_fields<S>());
  static const Table state = table_of<S>("state", std::move(state_fields));
  static const Table log = table_of<S>("log", log_fields<S>());
  static const Table metrics = table_of<S>("metrics", metrics_fields<S>());
  static const Table operators = table_of<S>("operator", operator_fields<S>());
  return {
      section("packets", "How packets come from the kernel and go back.", packets),
      section("state", "What outlives the process.", state),
      section("log", "One line an event.", log),
      section("metrics", "Prometheus's text over HTTP: /metrics, /healthz, /readyz.", metrics),
      section("operator", "The socket of poisectl.", operators),
  };
}

using B = BalancerSettings;
constexpr auto kBalancer = &B::machine;
using M = BalancerConfig;

std::vector<Field> policy_fields() {
  constexpr auto kFlow = &M::flow_timeouts;
  return {
      key<&B::policy, &policy::Config::kind>("kind", "How a backend is chosen for a new flow.")
          .as(scenario::Type::policy),
      key<&B::policy, &policy::Config::table_size>("table_size",
                                                   "Slots of Maglev's table: a prime.")
          .range(2, 16777213),
      key<&B::policy, &policy::Config::virtual_nodes>("virtual_nodes",
                                                      "Points of a ring for one unit of weight.")
          .range(1, 65536),
      spelled<FlowFieldsSpelling, kBalancer, &M::hash_fields>(
          "hash_fields",
          "What a flow is hashed by: 3 (addresses, protocol), 4 (addresses, ports), "
          "5 (all), or as Caplance did."),
      key<kBalancer, &M::hash_seed>("hash_seed",
                                    "Balancers that must agree share it; any 64 bits, those of the "
                                    "upper half as negative numbers.")
          .range(kSeedMin, kSeedMax),
      key<&B::policy, &policy::Config::seed>("seed",
                                             "Of the policy's tables, likewise; 0: the hash_seed.")
          .range(kSeedMin, kSeedMax),
      key<kBalancer, &M::tracking>("tracking",
                                   "Flows keep their backend; false: the policy chooses for every "
                                   "packet."),
      key<kBalancer, &M::flow_count_max>("flow_count_max", "Flows that are remembered at once.")
          .range(1, FlowTable::kCapacityMax),
      key<kBalancer, kFlow, &FlowTimeouts::established>("established_timeout_s",
                                                        "Idle time of an established flow.")
          .range(kTick, kSecondsMax, "s"),
      key<kBalancer, kFlow, &FlowTimeouts::handshake>("handshake_timeout_s",
                                                      "Idle time of a flow that only began.")
          .range(kTick, kSecondsMax, "s"),
      key<kBalancer, kFlow, &FlowTimeouts::datagram>("datagram_timeout_s",
                                                     "Idle time of a UDP flow.")
          .range(kTick, kSecondsMax, "s"),
      key<kBalancer, kFlow, &FlowTimeouts::closing>("closing_timeout_s",
                                                    "Idle time of a flow that ended.")
          .range(kTick, kSecondsMax, "s"),
  };
}

std::vector<Field> listener_limit_fields() {
  constexpr auto kLimits = &B::limits;
  return {
      key<kLimits, &Limits::own_name_only>("own_name_only",
                                           "An agent that proves a name registers under it alone."),
      key<kLimits, &Limits::connection_count_max>("connection_count_max",
                                                  "Connections at once, proved or not.")
          .range(1, 1e6),
      key<kLimits, &Limits::connection_count_source_max>(
          "connection_count_source_max", "Of them, from one IPv4 address or one IPv6 /64.")
          .range(1, 1e6),
      key<kLimits, &Limits::handshake_count_max>("handshake_count_max",
                                                 "Of them, not yet proved; beyond, refused.")
          .range(1, 1e6),
      key<kLimits, &Limits::accepts_per_second>("accepts_per_second",
                                                "More connections than that wait in the kernel.")
          .range(1, 1e6),
  };
}

std::vector<Field> balancer_control_fields() {
  return joined(
      {
          spelled<ControlEndpointSpelling, &B::listen>(
              "listen", "Where agents register; \"\": the address, port 1338."),
          key<kBalancer, &M::timeout>("timeout_s", "Silence after which a backend is down.")
              .range(0.01, kSecondsMax, "s"),
          key<kBalancer, &M::register_timeout>("register_timeout_s",
                                               "Time that an agent has to prove its data path.")
              .range(0.01, kSecondsMax, "s"),
          key<kBalancer, &M::probe_interval>("probe_interval_s",
                                             "Between two probes of a data path.")
              .range(0.001, kSecondsMax, "s"),
          key<kBalancer, &M::drain_timeout>("drain_timeout_s",
                                            "Time that the flows of a draining backend have.")
              .range(0, kSecondsMax, "s"),
          key<kBalancer, &M::forget_timeout>("forget_timeout_s",
                                             "How long a backend that is down is remembered.")
              .range(0, kSecondsMax, "s"),
          key<kBalancer, &M::slow_start>("slow_start_s",
                                         "A new backend's weight grows for so long; 0: at once.")
              .range(0, kSecondsMax, "s"),
          key<kBalancer, &M::replica_grace>("replica_grace_s",
                                            "How long a pair without an active replica keeps its "
                                            "flows.")
              .range(0, kSecondsMax, "s"),
          key<kBalancer, &M::backend_count_max>("backend_count_max", "Backends at once.")
              .range(1, kBackendCountMax),
          key<kBalancer, &M::peer_count_max>("peer_count_max", "Control streams at once.")
              .range(1, 1e6),
      },
      joined(joined(credential_fields<B>(), listener_limit_fields()), stream_limit_fields<B>()));
}

Table pair_table() {
  static const PairSeats defaults{};
  return {
      "pair",
      {
          key<&PairSeats::pair>("name", "What its replicas call it; no backend's name.").must(),
          key<&PairSeats::members>("members", "The names of its replicas 0 and 1, in this order.")
              .must(),
      },
      &defaults};
}

Field pairs(const Table& table) {
  Field field;
  field.name = "pair";
  field.doc =
      "The failover pairs, one table each. With none, every backend may say that it is a replica "
      "of any pair that has room; with one or more, those that they name alone.";
  field.type = scenario::Type::tables;
  field.table = &table;
  field.at = [](void* object, std::size_t index) -> void* {
    return &static_cast<B*>(object)->machine.pairs[index];
  };
  field.size = [](const void* object) {
    return static_cast<const B*>(object)->machine.pairs.size();
  };
  field.resize = [](void* object, std::size_t size) {
    static_cast<B*>(object)->machine.pairs.resize(size);
  };
  return field;
}

Table make_balancer_table() {
  static const Table vip = vip_table();
  static const Table pair = pair_table();
  static const Table service = table_of<B>(
      "service",
      joined(
          service_fields<B>(),
          {key<kBalancer, &M::mirror>(
              "mirror", "A copy of each packet of a pair goes to its replica that stands by.")}));
  static const Table policy = table_of<B>("policy", policy_fields());
  static const Table control = table_of<B>("control", balancer_control_fields());
  std::vector<Field> first = joined(
      first_fields<B>(vip), {
                                pairs(pair),
                                section("service", "How packets reach the backends.", service),
                                section("policy", "Who gets a flow.", policy),
                                section("control", "The agents' streams.", control),
                            });
  return table_of<B>(
      "",
      joined(std::move(first), last_sections<B>(joined(
                                   state_fields<B>(),
                                   {
                                       key<&B::state, &StateSettings::keep_flows>(
                                           "keep_flows", "The flow table is kept over a restart."),
                                   }))),
      "a balancer's settings");
}

using A = AgentSettings;

std::vector<Field> agent_control_fields() {
  constexpr auto kAgent = &A::machine;
  return joined(
      {
          key<kAgent, &AgentConfig::heartbeat>("heartbeat_s", "Between two signs of life.")
              .range(0.001, kSecondsMax, "s"),
          key<&A::begin_at>("begin_at_s",
                            "Seconds since the host started until which it says nothing to any "
                            "balancer, but is ready to.")
              .range(0, 1e9, "s"),
          key<kAgent, &AgentConfig::timeout>(
              "timeout_s", "Silence of a balancer after which its stream is opened anew.")
              .range(0.01, kSecondsMax, "s"),
          key<kAgent, &AgentConfig::reconnect>("reconnect_s",
                                               "The first wait before a stream is opened again; "
                                               "it doubles.")
              .range(0.001, kSecondsMax, "s"),
          key<kAgent, &AgentConfig::reconnect_max>("reconnect_max_s", "The longest such wait.")
              .range(0.001, kSecondsMax, "s"),
      },
      joined(joined(credential_fields<A>(),
                    {milliseconds<&A::limits, &Limits::connect_timeout>(
                        "connect_timeout_s", "Time that a balancer has to answer a connection.")}),
             stream_limit_fields<A>()));
}

std::vector<Field> health_fields() {
  constexpr auto kHealth = &A::health;
  return {
      spelled<HealthCheckSpelling, kHealth, &HealthSettings::check>(
          "check",
          "How the service on this host is asked whether it is well: none, tcp PORT, "
          "http URL or exec COMMAND."),
      key<kHealth, &HealthSettings::interval>("interval_s", "Between two questions.")
          .range(0.01, kSecondsMax, "s"),
      key<kHealth, &HealthSettings::timeout>("timeout_s", "Time that an answer has.")
          .range(0.01, kSecondsMax, "s"),
      key<kHealth, &HealthSettings::rise>("rise", "Good answers in a row that make it well.")
          .range(1, 1000),
      key<kHealth, &HealthSettings::fall>("fall", "Bad answers in a row that make it unwell.")
          .range(1, 1000),
  };
}

std::vector<Field> replica_fields() {
  constexpr auto kReplica = &AgentConfig::replica;
  return {
      key<&A::machine, kReplica, &ReplicaSeat::pair>(
          "pair",
          "The pair that this host is a replica of, by a name that no backend has; \"\": none."),
      key<&A::machine, kReplica, &ReplicaSeat::index>("index", "Which of the two: 0 or 1.")
          .range(0, 1),
  };
}

Table make_agent_table() {
  static const Table vip = vip_table();
  static const Table service = table_of<A>("service", service_fields<A>());
  static const Table control = table_of<A>("control", agent_control_fields());
  static const Table health = table_of<A>("health", health_fields());
  static const Table replica = table_of<A>("replica", replica_fields());
  std::vector<Field> first = joined(
      first_fields<A>(vip),
      {
          key<&A::machine, &AgentConfig::weight>("weight", "Its share, beside the other backends'.")
              .range(1, kBackendWeightMax),
          spelled_list<ControlEndpointSpelling, &A::balancers>(
              "balancers",
              "Where to register, each an address with or without a port (1338). Must be given."),
      });
  first = joined(std::move(first),
                 {
                     section("service", "How packets come from the balancers.", service),
                     section("control", "The streams to the balancers.", control),
                     section("health", "What the balancers are told about the service.", health),
                     section("replica", "Of a server whose connections outlive it.", replica),
                 });
  return table_of<A>("", joined(std::move(first), last_sections<A>(state_fields<A>())),
                     "an agent's settings");
}

constexpr std::array<std::string_view, 10> kWhileRunning{"control.certificate_file",
                                                         "control.key_file",
                                                         "control.authority_file",
                                                         "control.psk_identity",
                                                         "control.psk_file",
                                                         "control.plain",
                                                         "control.allowed_names",
                                                         "log.level",
                                                         "log.to",
                                                         "log.fold_s"};

}  // namespace

const Table& balancer_table() {
  static const Table table = make_balancer_table();
  return table;
}

const Table& agent_table() {
  static const Table table = make_agent_table();
  return table;
}

bool may_change_while_running(std::string_view key) {
  return std::find(kWhileRunning.begin(), kWhileRunning.end(), key) != kWhileRunning.end();
}

}  // namespace poise::realnet
