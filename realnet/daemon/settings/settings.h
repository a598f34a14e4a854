// What a daemon is told: the machine's configuration and the world's around it, a struct a role.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/address.h"
#include "model/balancer/config.h"
#include "model/policy/policy.h"
#include "model/time.h"
#include "realnet/control/limits.h"

namespace poise::realnet {

inline constexpr std::uint16_t kControlPort = 1338;  // Caplance's

// How the two ends of a control stream know each other. Exactly one of the three must be chosen;
// texts that are not given are empty.
struct CredentialSettings {
  std::string certificate_file, key_file, authority_file;  // PEM; who is signed by the authority
  std::string psk_identity, psk_file;                      // keys that both ends have
  bool plain = false;                                      // neither secrecy nor proof of names
  std::vector<std::string> allowed_names;                  // in certificates; empty: every name
};

enum class Emit : std::uint8_t { automatic, verdict, raw, tun };
enum class Fail : std::uint8_t { closed, open };
enum class Spread : std::uint8_t { flow, core };
enum class From : std::uint8_t { queue, xdp };
enum class Turns : std::uint8_t { prompt, patient };

struct PacketSettings {
  std::uint32_t queues = 1;
  std::uint32_t first_queue = 0;  // queues first_queue, first_queue + 1, ...
  From from = From::queue;        // how they come: all queued, or by AF_XDP and the rest queued
  Turns turns = Turns::prompt;    // when the queues' threads get their processor
  std::int32_t nice = 0;          // the queues' threads, at least
  Spread spread = Spread::flow;   // what says which queue a packet goes to
  Emit emit = Emit::automatic;
  Fail fail = Fail::closed;
  std::uint32_t queue_length = 4096;  // packets that the kernel holds for one queue
  std::uint32_t burst = 64;           // packets that the machine gets at once
  bool rules = true;                  // false: somebody else sends the packets to the queues
  std::vector<std::uint32_t> cpus;    // queue i runs on cpus[i % size]; empty: anywhere
};

struct StateSettings {
  std::string folder = "/run/poise";
  bool keep_flows = true;  // over a restart; balancers only
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogTarget {
  enum class Kind : std::uint8_t { standard_error, journal, file };
  Kind kind = Kind::standard_error;
  std::string path;  // of a file
  friend bool operator==(const LogTarget&, const LogTarget&) = default;
};

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogTarget to;
  Duration fold = std::chrono::seconds{10};  // events of one kind: a few, then their number
};

struct MetricsSettings {
  std::optional<Endpoint> listen;  // none: no metrics
};

struct OperatorSettings {
  std::string socket;
};

struct BalancerSettings {
  BalancerConfig machine;  // its seed is the role's to draw when `seed` is 0
  policy::Config policy;   // its seed is machine.hash_seed
  std::string interface;   // where the VIPs live; empty: found by the address
  bool attach = true;      // the VIPs are put on this host
  Duration stop_drain{};
  std::string record;      // file of all that goes into the machine; empty: none
  std::uint64_t seed = 0;  // 0: from the kernel's entropy
  Endpoint listen;         // of control; complete() makes it the machine's address and kControlPort
  CredentialSettings credentials;
  Limits limits;  // of its streams; those of a listener
  PacketSettings packets{.first_queue = 100};
  StateSettings state;
  LogSettings log;
  MetricsSettings metrics;
  OperatorSettings operator_side{"/run/poise/balancer.sock"};

  BalancerSettings();
};

struct HealthCheck {
  enum class Kind : std::uint8_t { none, tcp, http, exec };
  Kind kind = Kind::none;
  std::uint16_t port = 0;  // tcp, on the VIP's host
  std::string target;      // http: URL; exec: command line
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

struct HealthSettings {
  HealthCheck check;
  Duration interval = std::chrono::seconds{1};
  Duration timeout = std::chrono::seconds{1};
  std::uint32_t rise = 2, fall = 3;
};

struct AgentSettings {
  AgentConfig machine;  // its balancers are the addresses of `balancers`; seed as above
  std::string interface;
  std::vector<Endpoint> balancers;
  bool attach = true;
  Duration begin_at{};  // of the host's clock (realnet::now()): until then it is silent
  Duration stop_drain{};
  std::string record;
  std::uint64_t seed = 0;
  CredentialSettings credentials;
  Limits limits;  // those of a dialer
  HealthSettings health;
  PacketSettings packets{.first_queue = 200};
  StateSettings state;
  LogSettings log;
  MetricsSettings metrics;
  OperatorSettings operator_side{"/run/poise/agent.sock"};

  AgentSettings();
};

}  // namespace poise::realnet
