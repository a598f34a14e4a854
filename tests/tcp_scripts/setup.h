// What a script configures: one host or a pair of replicas, and how their connections behave.
#pragma once

#include <string>
#include <string_view>

#include "model/tcp/host/host.h"
#include "tests/tcp_scripts/packet_bytes.h"

namespace poise::tcp::script {

struct Setup {
  Family family = Family::v4;
  ConnectionConfig connection;
  ReplicationConfig replication;  // of a pair
  bool is_pair = false;
  std::string application = "quiet";  // what it does by itself: quiet, reader, echo
  Duration replication_delay = std::chrono::microseconds{100};  // one way, between all machines
  bool mirror = false;  // the balancer gives what the peer sends to both replicas
  std::uint32_t half_open_count_max = 1024;
  std::uint32_t connection_count_max = 64;
  std::uint32_t chunk_count = 1024;
  std::uint32_t peer_isn = 4294960000;  // wraps after 7,296 bytes
  Duration tolerance = std::chrono::milliseconds{1};
};

// One line: "set KEY VALUE", "pair", "pair witness", "only ipv4". Throws Wrong.
void configure(Setup& setup, std::string_view line);

Ends ends_of(const Setup& setup);
// IPv6 headers are 20 bytes longer: an MTU of a script is IPv4's, so that segments are the same.
std::uint32_t mtu_of(const Setup& setup, std::uint32_t mtu);

}  // namespace poise::tcp::script
