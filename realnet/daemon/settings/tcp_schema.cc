// The keys of the servers of failover TCP and of their witness.
#include <array>

#include "model/backend/backend_set.h"
#include "realnet/daemon/settings/common_sections.h"
#include "realnet/daemon/settings/schema.h"
#include "realnet/daemon/settings/sections.h"
#include "realnet/daemon/settings/tcp_spelling.h"

namespace poise::realnet {
namespace {

using scenario::Field;
using scenario::key;
using scenario::Table;
using Fields = std::vector<Field>;
using S = TcpServerSettings;
using W = WitnessSettings;
using R = tcp::ReplicationConfig;
using C = tcp::ConnectionConfig;

Fields joined(Fields first, const Fields& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

constexpr std::string_view kNameDoc = "What it is called: 1 to 64 of A-Z a-z 0-9 . _ -";
constexpr std::string_view kPrecedenceDoc =
    "How its loop comes before others: fifo (SCHED_FIFO), nice, none. What is not permitted is "
    "told in the log, and the next is tried.";

Fields first_fields(Service service) {
  Fields fields{
      key<&S::name>("name", kNameDoc),
      spelled<TcpKindSpelling, &S::tcp>(
          "tcp", "failover: one of two replicas; alone: the same TCP without another one."),
      key<&S::standby>("standby",
                       "It begins as the standby; false: it begins as the active, unless the other "
                       "one serves already."),
  };
  if (service == Service::files)
    fields.push_back(key<&S::folder>("folder",
                                     "The files. Must be given, with equal content on "
                                     "both hosts.")
                         .like(is_path_or_empty, "an absolute path"));
  if (service == Service::exchange)
    fields.push_back(key<&S::progress>("progress",
                                       "A pipe (mkfifo) that is told what each client was heard to "
                                       "say; \"\": none.")
                         .like(is_path_or_empty, "an absolute path, or \"\" for none"));
  fields.push_back(key<&S::seed>("seed", "Of its dice; 0: a new one every start, printed.")
                       .range(kSeedMin, kSeedMax));
  fields.push_back(
      key<&S::stop_drain>("stop_drain_s",
                          "Time that handing over to the standby has when it is told to stop.")
          .range(0, 3600, "s"));
  return fields;
}

Fields vip_fields() {
  return {
      spelled_list<ServiceEndpointSpelling, &S::listen>(
          "listen", "Addresses and ports that clients connect to. Must be given."),
      key<&S::interface>("interface",
                         "The device of the clients' link; \"\": the one with a subnet that holds "
                         "the VIP.")
          .like(is_interface_or_empty, "a device's name of at most 15 characters, or \"\""),
      spelled<VipMoveSpelling, &S::move>(
          "announce",
          "How the VIP moves: arp (its neighbours are told, and answered), none (a balancer or a "
          "router sees to it)."),
  };
}

// What replicas and witness must agree on.
template <class Settings>
Fields agreed_fields() {
  constexpr auto kOf = &Settings::replication;
  return {
      key<kOf, &R::heartbeat>("heartbeat_s", "Between two signs of life.").range(0.0005, 10, "s"),
      key<kOf, &R::missed_max>("missed_max", "So many missing make the other one suspect.")
          .range(1, 1000),
      key<kOf, &R::lease>("lease_s",
                          "How long an answered heartbeat lets the active speak; less than "
                          "missed_max heartbeats.")
          .range(0.0005, 60, "s"),
      key<kOf, &R::drift>("drift", "Of the hosts' clocks against each other, at most.")
          .range(0, 0.1),
  };
}

Fields replication_fields() {
  constexpr auto kOf = &S::replication;
  return joined(
      {
          spelled_list<StreamEndpointSpelling<kReplicaPort>, &S::replicas>(
              "replicas",
              "The two hosts, each an address with or without a port (1339); the same list on "
              "both. "
              "The second one dials the first."),
          spelled<StreamEndpointSpelling<kWitnessPort>, &S::witness>(
              "witness", "The third vote, with or without a port (1340); \"\": none."),
          key<&S::secret_file>("secret_file",
                               "32 hexadecimal digits, the same on both hosts: the key of initial "
                               "sequence numbers.")
              .like(is_path_or_empty, "an absolute path, or \"\" for none"),
          spelled<CommitSpelling, kOf, &R::policy>(
              "policy",
              "When an answer may leave: output (its standby has what it depends on) or "
              "asynchronous; ftcp is there to be compared with."),
          key<kOf, &R::log_size_max>("log_size_max",
                                     "Unacknowledged by the standby; beyond, what changes waits.")
              .range(65536, 1e9, "bytes"),
      },
      joined(agreed_fields<S>(),
             {
                 key<&S::held_packets_max>("held_packets_max",
                                           "A standby keeps so many of the newest datagrams that "
                                           "reach it, for a takeover: where balancers mirror.")
                     .range(0, 65536, "datagrams"),
             }));
}

Fields agent_fields() {
  return {
      key<&S::pair>("pair",
                    "What balancers call the two replicas, another name than any host's; \"\": no "
                    "agent is told.")
          .like([](std::string_view text) { return text.empty() || is_backend_name(text); },
                "1 to 64 of A-Z a-z 0-9 . _ -, or \"\" for none"),
      key<&S::agent_socket>("socket", "Of the agent on this host.")
          .like(is_socket_path, "an absolute path of at most 107 characters"),
  };
}

Fields connection_fields() {
  constexpr auto kOf = &S::connection;
  using tcp::SenderConfig;
  return {
      spelled<CongestionSpelling, kOf, &C::sender, &SenderConfig::congestion>(
          "congestion", "newreno (RFC 6582) or cubic (RFC 9438)."),
      spelled<PersonalitySpelling, kOf, &C::personality>("options",
                                                         "Whose order TCP's options are in."),
      key<kOf, &C::mtu>("mtu", "Of the way to the clients.").range(576, 65535, "bytes"),
      key<kOf, &C::window_scaling>("window_scaling", "RFC 7323."),
      key<kOf, &C::timestamps>("timestamps", "RFC 7323."),
      key<kOf, &C::sack>("sack", "RFC 2018."),
      key<kOf, &C::ecn>("ecn", "RFC 3168."),
      key<kOf, &C::nagle>("nagle", "Small pieces wait for an acknowledgment."),
      key<kOf, &C::send_buffer>("send_buffer", "Of one connection.").range(4096, 1e9, "bytes"),
      key<kOf, &C::receive_buffer>("receive_buffer", "Of one connection; its largest window.")
          .range(4096, 1e9, "bytes"),
      key<kOf, &C::delayed_ack>("delayed_ack_s", "The longest wait of an acknowledgment.")
          .range(0, 0.5, "s"),
      key<kOf, &C::time_wait>("time_wait_s", "TIME-WAIT.").range(0, 240, "s"),
      key<kOf, &C::keepalive_idle>("keepalive_s", "Silence before a peer is asked; 0: never.")
          .range(0, kSecondsMax, "s"),
      key<kOf, &C::user_timeout>("user_timeout_s",
                                 "For unacknowledged data; 0: until the retries are used up.")
          .range(0, kSecondsMax, "s"),
      key<&S::connection_count_max>("connection_count_max", "At once.").range(1, 1e6),
      key<&S::memory>("memory", "Of all buffers together.").range(1 << 20, 1e12, "bytes"),
  };
}

Fields packet_fields_of_tcp() {
  return {
      spelled<LeaveSpelling, &S::leave>(
          "leave",
          "How segments leave: joined to large ones through the TUN device, one by one through it "
          "(device), or over raw sockets."),
      key<&S::offload>("offload", "The kernel hands over segments of up to 64 KiB."),
      spelled<PrecedenceSpelling, &S::precedence>("precedence", kPrecedenceDoc),
  };
}

template <class Settings>
Fields stream_fields() {
  return joined(credential_fields<Settings>(), stream_limit_fields<Settings>());
}

constexpr std::array<std::string_view, 3> kWholes{
    "an echo server's settings", "a file server's settings", "an exchange server's settings"};

// A role's tables, which point at each other and at their defaults.
struct ServerTables {
  explicit ServerTables(Service service) : defaults(service) {
    const auto of = [this](std::string_view name, Fields fields) {
      return Table{name, std::move(fields), &defaults, {}};
    };
    vip = of("vip", vip_fields());
    replication = of("replication", replication_fields());
    agent = of("agent", agent_fields());
    control = of("control", stream_fields<S>());
    connection = of("connection", connection_fields());
    packets = of("packets", packet_fields_of_tcp());
    state = of("state", state_fields<S>());
    log = of("log", log_fields<S>());
    metrics = of("metrics", metrics_fields<S>());
    operators = of("operator", operator_fields<S>());
    whole =
        of("",
           joined(first_fields(service),
                  {
                      section("vip", "Where it is found.", vip),
                      section("replication", "The other replica.", replication),
                      section("agent", "Who tells the balancers which replica serves.", agent),
                      section("control", "The streams to it and to the witness.", control),
                      section("connection", "How its connections behave.", connection),
                      section("packets", "How packets come from the kernel and go back.", packets),
                      section("state", "What outlives the process.", state),
                      section("log", "One line an event.", log),
                      section("metrics",
                              "Prometheus's text over HTTP: /metrics, /healthz, /readyz.", metrics),
                      section("operator", "The socket of poisectl.", operators),
                  }));
    whole.whole = kWholes[static_cast<std::size_t>(service)];
  }
  ServerTables(const ServerTables&) = delete;

  const TcpServerSettings defaults;
  Table vip, replication, agent, control, connection, packets, state, log, metrics, operators,
      whole;
};

struct WitnessTables {
  WitnessTables() {
    const auto of = [this](std::string_view name, Fields fields) {
      return Table{name, std::move(fields), &defaults, {}};
    };
    replication = of("replication", agreed_fields<W>());
    control = of("control", stream_fields<W>());
    packets =
        of("packets", {spelled<PrecedenceSpelling, &W::precedence>("precedence", kPrecedenceDoc)});
    state = of("state", state_fields<W>());
    log = of("log", log_fields<W>());
    metrics = of("metrics", metrics_fields<W>());
    operators = of("operator", operator_fields<W>());
    whole =
        of("", {
                   key<&W::name>("name", kNameDoc),
                   spelled<StreamEndpointSpelling<kWitnessPort>, &W::listen>(
                       "listen",
                       "Where the replicas find it, with or without a port (1340). Must be "
                       "given."),
                   section("replication", "As on the replicas.", replication),
                   section("control", "The replicas' streams.", control),
                   section("packets", "How it runs.", packets),
                   section("state", "What outlives the process.", state),
                   section("log", "One line an event.", log),
                   section("metrics", "Prometheus's text over HTTP: /metrics, /healthz, /readyz.",
                           metrics),
                   section("operator", "The socket of poisectl.", operators),
               });
    whole.whole = "a witness's settings";
  }
  WitnessTables(const WitnessTables&) = delete;

  const WitnessSettings defaults;
  Table replication, control, packets, state, log, metrics, operators, whole;
};

}  // namespace

const Table& tcp_server_table(Service service) {
  static const ServerTables echo(Service::echo), files(Service::files), exchange(Service::exchange);
  switch (service) {
    case Service::echo:
      return echo.whole;
    case Service::files:
      return files.whole;
    case Service::exchange:
      break;
  }
  return exchange.whole;
}

const Table& witness_table() {
  static const WitnessTables tables;
  return tables.whole;
}

}  // namespace poise::realnet
