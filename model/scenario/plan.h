// A plan: everything that determines an experiment, as one value. schema.cc is the list of its
// keys.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/address.h"
#include "model/time.h"

namespace poise::scenario {

struct LinkSpec {
  double rate_bps = 1e9;
  Duration delay{};
  std::uint32_t queue_packets = 1000;
  double loss = 0;  // probability that a packet is lost, per direction
  friend bool operator==(const LinkSpec&, const LinkSpec&) = default;
};

enum class NodeKind : std::uint8_t { client, router, balancer, backend };

struct NodeSpec {
  std::string name;
  NodeKind kind = NodeKind::router;
  friend bool operator==(const NodeSpec&, const NodeSpec&) = default;
};

struct EdgeSpec {
  std::string name;  // "a-b" unless the plan names it
  std::string a, b;
  LinkSpec link;
  friend bool operator==(const EdgeSpec&, const EdgeSpec&) = default;
};

enum class Shape : std::uint8_t { leaf, clos, wan, explicit_ };

struct TopologySpec {
  Shape shape = Shape::leaf;
  std::uint32_t clients = 16;
  std::uint32_t balancers = 2;
  std::uint32_t backends = 4;
  // Backend hosts beside `backends` that start absent; a `join` fault starts them. In an explicit
  // shape: that many of the backend nodes, the last ones.
  std::uint32_t spares = 0;
  std::uint32_t spines = 2;
  LinkSpec client_link, fabric_link, balancer_link, backend_link;
  std::vector<NodeSpec> nodes;  // shape explicit only
  std::vector<EdgeSpec> links;
  friend bool operator==(const TopologySpec&, const TopologySpec&) = default;
};

struct VipSpec {
  Address address = Address::v4(0x0aff0001);  // 10.255.0.1
  std::uint16_t port = 80;                    // 0: any port
  std::string protocol = "tcp";               // tcp | udp
  friend bool operator==(const VipSpec&, const VipSpec&) = default;
};

struct ServiceSpec {
  std::vector<VipSpec> vips{VipSpec{}};
  std::string encapsulation = "gue";   // caplance | gue | ipip | gre
  std::string delivery = "direct";     // direct: the backend answers the client itself
  std::string server = "host";         // host: the TCP of the world's own hosts | failover: ours
  std::uint32_t mtu = 1500;            // of the fabric, in bytes
  std::vector<std::uint32_t> weights;  // of the backends in order; missing ones are 1
  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

struct PolicySpec {
  std::string kind = "maglev";  // one of policy::catalogue(), or the name of a custom one
  std::uint32_t table_size = 65537;
  std::uint32_t virtual_nodes = 100;
  std::string hash_fields = "5";  // 3 | 4 | 5 | caplance
  bool tracking = true;
  std::uint32_t flow_count_max = 65536;
  Duration established_timeout = std::chrono::seconds{300};
  Duration handshake_timeout = std::chrono::seconds{10};
  Duration closing_timeout = std::chrono::seconds{5};
  Duration slow_start{};  // zero: none
  friend bool operator==(const PolicySpec&, const PolicySpec&) = default;
};

struct ControlSpec {
  Duration heartbeat = std::chrono::milliseconds{100};
  Duration timeout = std::chrono::milliseconds{350};  // silence after which a backend is down
  Duration probe_interval = std::chrono::milliseconds{50};
  Duration reconnect = std::chrono::milliseconds{200};
  Duration drain_timeout = std::chrono::seconds{60};
  friend bool operator==(const ControlSpec&, const ControlSpec&) = default;
};

// Failover TCP (service.server = "failover"): backends serve in pairs, in order: the first of each
// is active to begin with, the second its standby; the first balancer's host is their witness.
struct ReplicationSpec {
  std::string policy = "output";  // none | asynchronous | output | input | ftcp
  Duration heartbeat = std::chrono::milliseconds{5};
  std::uint32_t missed_max = 3;  // heartbeats until the other replica is suspected
  Duration lease = std::chrono::milliseconds{12};
  bool witness = true;
  bool mirror = false;  // balancers send what clients send to both replicas
  friend bool operator==(const ReplicationSpec&, const ReplicationSpec&) = default;
};

struct RoutingSpec {
  std::string ecmp = "resilient";  // resilient: only a lost next hop's flows move | modulo
  Duration detection = std::chrono::milliseconds{200};
  friend bool operator==(const RoutingSpec&, const RoutingSpec&) = default;
};

struct WorkloadSpec {
  std::string arrivals = "open";  // open: Poisson | closed: `concurrency` flows at a time per plan
  double rate_per_s = 50;         // open: flows a second over all clients
  std::uint32_t concurrency = 1;  // closed: flows in progress
  std::uint32_t flow_count_max = 0;  // 0: no bound but stop_s
  std::string sizes = "fixed";       // fixed | websearch | fb_hadoop | alistorage2019 | points
  double size_bytes = 10000;         // fixed: response bytes of a request
  std::vector<std::pair<double, double>> size_points;  // points: (bytes, cumulative percent)
  std::uint32_t request_bytes = 200;
  std::uint32_t requests = 1;  // requests one after another on a connection
  Duration think{};            // mean pause (exponential) between a response and the next request
  std::string direction = "download";  // download: sizes are responses | upload: sizes are requests
  std::uint32_t message_bytes = 0;     // 0: all at once; else the sender writes this much ...
  Duration message_interval{};         // ... every interval
  Duration start{};
  Duration stop{};  // zero: the end of the run
  friend bool operator==(const WorkloadSpec&, const WorkloadSpec&) = default;
};

enum class FaultKind : std::uint8_t {
  crash,       // a host stops and loses everything: node
  restart,     // a crashed host starts anew: node
  pause,       // PAUSE by the operator: backend
  resume,      // RESUME: backend
  drain,       // no new flows, old ones stay: backend
  deregister,  // leaves in good order: backend
  join,        // a spare starts and registers: backend
  link_down,   // link
  link_up,     // link
  slow,        // link: `value` seconds of delay more
  lossy,       // link: `value` is the loss probability
  partition,   // node: cut off from everything, without noticing it itself
  heal,        // node: ends a partition
};

struct FaultSpec {
  Duration at{};
  FaultKind kind = FaultKind::crash;
  std::string target;  // the name of a node or a link
  Duration lasts{};    // zero: for ever; else its opposite follows after this time
  double value = 0;
  friend bool operator==(const FaultSpec&, const FaultSpec&) = default;
};

struct MeasuresSpec {
  Duration interval = std::chrono::milliseconds{100};  // of the timeline
  Duration stall =
      std::chrono::seconds{1};        // no progress for this long at the end: stalled, not open
  std::vector<std::string> captures;  // nodes whose packets are written as pcap
  bool records = false;               // keep every machine's events for replay
  friend bool operator==(const MeasuresSpec&, const MeasuresSpec&) = default;
};

struct Override {
  std::string key;    // "policy.kind"
  std::string value;  // as TOML: "\"maglev\"", "true", "0.5"
  friend bool operator==(const Override&, const Override&) = default;
};

// A named change of the plan: one panel of a comparison.
struct VariantSpec {
  std::string name;
  std::vector<Override> set;
  friend bool operator==(const VariantSpec&, const VariantSpec&) = default;
};

struct Plan {
  std::string title;
  std::uint64_t seed = 1;
  std::uint32_t run = 1;  // the replication: independent streams of one seed
  Duration duration = std::chrono::seconds{10};
  TopologySpec topology;
  ServiceSpec service;
  PolicySpec policy;
  ControlSpec control;
  ReplicationSpec replication;
  RoutingSpec routing;
  WorkloadSpec workload;
  std::vector<FaultSpec> faults;
  MeasuresSpec measures;
  std::vector<VariantSpec> variants;
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace poise::scenario
