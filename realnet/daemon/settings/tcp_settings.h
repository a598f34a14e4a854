// What the servers of failover TCP and their witness are told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/tcp/connection/config.h"
#include "model/tcp/replication/config.h"
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

inline constexpr std::uint16_t kReplicaPort = 1339;
inline constexpr std::uint16_t kWitnessPort = 1340;

// What a server does with its connections; its role's name.
enum class Service : std::uint8_t { echo, files, exchange };
// failover: one of two replicas. alone: the same TCP without another replica.
enum class TcpKind : std::uint8_t { failover, alone };
// How a VIP moves: its neighbours are told (ARP, neighbour discovery), or somebody else sees to it.
enum class VipMove : std::uint8_t { arp, none };
enum class Leave : std::uint8_t { joined, device, raw };
enum class Precedence : std::uint8_t { fifo, nice, none };

struct TcpServerSettings {
  Service service = Service::echo;
  std::string name;
  TcpKind tcp = TcpKind::failover;
  bool standby = false;  // to begin with
  std::string folder;    // of files
  std::string progress;  // of an exchange: a pipe; empty: none
  std::uint64_t seed = 0;
  Duration stop_drain = std::chrono::seconds{2};

  std::vector<Endpoint> listen;
  std::string interface;  // where neighbours ask for the VIPs; empty: found by the address
  VipMove move = VipMove::arp;

  std::vector<Endpoint> replicas;  // two; this host is the one whose address it has
  Endpoint witness;                // unspecified: none
  std::string secret_file;
  tcp::ReplicationConfig replication;
  std::uint32_t held_packets_max = 0;

  std::string pair;  // what the balancers call both replicas; empty: the agent hears nothing
  std::string agent_socket;  // the agent's on this host

  tcp::ConnectionConfig connection;
  std::uint32_t connection_count_max = 65536;
  std::uint64_t memory = 64u << 20;  // bytes, of all buffers

  Leave leave = Leave::joined;
  bool offload = true;
  Precedence precedence = Precedence::fifo;

  CredentialSettings credentials;
  Limits limits;  // of its streams
  StateSettings state;
  LogSettings log;
  MetricsSettings metrics;
  OperatorSettings operator_side;

  explicit TcpServerSettings(Service service = Service::echo);
};

struct WitnessSettings {
  std::string name = "witness";
  Endpoint listen;
  tcp::ReplicationConfig replication;
  Precedence precedence = Precedence::fifo;
  CredentialSettings credentials;
  Limits limits;
  StateSettings state;
  LogSettings log;
  MetricsSettings metrics;
  OperatorSettings operator_side{"/run/poise/witness.sock"};

  WitnessSettings();
};

std::string_view to_string(Service service);

}  // namespace poise::realnet
