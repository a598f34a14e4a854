// What the roles of failover TCP are built from.
#include "realnet/daemon/tcp_parts.h"

#include <algorithm>
#include <cctype>

#include "model/tcp/application/echo.h"
#include "model/tcp/buffer/byte_queue.h"
#include "realnet/system/error.h"
#include "realnet/system/file.h"
#include "realnet/system/precedence.h"
#include "realnet/tcp/exchange.h"
#include "realnet/tcp/folder_source.h"

namespace poise::realnet {

namespace {

constexpr std::size_t kSecretDigits = 32;

SipKey secret_of(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::string digits;
  for (const std::uint8_t byte : bytes)
    if (!std::isspace(byte)) digits += static_cast<char>(byte);
  const bool is_hex = std::ranges::all_of(
      digits, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
  if (digits.size() != kSecretDigits || !is_hex)
    throw SystemError("read " + path, "it does not hold 32 hexadecimal digits");
  return {std::stoull(digits.substr(0, 16), nullptr, 16),
          std::stoull(digits.substr(16), nullptr, 16)};
}

bool has_address(const Address& address) {
  return std::ranges::any_of(interface_addresses(),
                             [&](const InterfaceAddress& has) { return has.address == address; });
}

tcp::ReplicationConfig replication_of(const TcpServerSettings& settings, std::uint32_t index) {
  tcp::ReplicationConfig config = settings.replication;
  if (settings.tcp == TcpKind::alone) return {};
  config.role = settings.standby ? tcp::Role::standby : tcp::Role::active;
  config.index = index;
  config.opens = index == 1;
  config.witness = settings.witness != Endpoint{};
  return config;
}

void append(std::vector<SysctlSetting>& all, const std::vector<SysctlSetting>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

std::unique_ptr<tcp::Application> application_of(const TcpServerSettings& settings) {
  switch (settings.service) {
    case Service::echo:
      return std::make_unique<tcp::Echo>();
    case Service::files:
      return std::make_unique<tcp::FileServer>(std::make_unique<FolderSource>(settings.folder));
    case Service::exchange:
      break;
  }
  std::optional<ProgressWriter> progress;
  if (!settings.progress.empty()) progress.emplace(settings.progress);
  return std::make_unique<Exchange>(std::move(progress));
}

std::uint32_t replica_index(const TcpServerSettings& settings) {
  const std::string attempt = "find this host among replication.replicas";
  const bool is_first = has_address(settings.replicas[0].address);
  const bool is_second = has_address(settings.replicas[1].address);
  if (is_first == is_second)
    throw SystemError(attempt, is_first ? "it has both addresses" : "it has neither address");
  return is_second ? 1 : 0;
}

tcp::HostConfig host_config(const TcpServerSettings& settings, std::uint32_t index,
                            tcp::Application& application) {
  tcp::HostConfig config;
  config.name = settings.name;
  for (const Endpoint& local : settings.listen)
    config.listeners.push_back({local, &application, settings.connection});
  config.connection_count_max = settings.connection_count_max;
  config.chunk_count = static_cast<std::uint32_t>(settings.memory / tcp::ChunkPool::kChunkSize);
  config.seed = settings.seed;
  config.secret = settings.secret_file.empty() ? SipKey{mix64(settings.seed), settings.seed}
                                               : secret_of(settings.secret_file);
  config.held_packets_max = settings.held_packets_max;
  config.replication = replication_of(settings, index);
  return config;
}

ReplicaStreamsConfig streams_config(const TcpServerSettings& settings, std::uint32_t index) {
  ReplicaStreamsConfig config{.own = settings.replicas[index],
                              .other = settings.replicas[1 - index],
                              .dials = index == 1,
                              .limits = settings.limits};
  if (settings.witness != Endpoint{}) config.witness = settings.witness;
  return config;
}

std::vector<Address> vips_of(const TcpServerSettings& settings) {
  std::vector<Address> vips;
  for (const Endpoint& local : settings.listen)
    if (std::ranges::find(vips, local.address) == vips.end()) vips.push_back(local.address);
  return vips;
}

Interface link_of(const TcpServerSettings& settings) {
  return settings.interface.empty() ? interface_towards(settings.listen.front().address)
                                    : interface_named(settings.interface);
}

// The kernel holds no VIP: it forwards to the device of the daemon, and to nowhere without it.
HostPlan host_plan(const TcpServerSettings& settings, const Interface& link) {
  HostPlan plan;
  plan.blackholes = vips_of(settings);
  const auto is_v4 = [](const Address& vip) { return vip.is_v4(); };
  if (std::ranges::any_of(plan.blackholes, is_v4))
    append(plan.sysctls, forward_from(link.name, Family::v4));
  if (!std::ranges::all_of(plan.blackholes, is_v4))
    append(plan.sysctls, forward_from(link.name, Family::v6));
  return plan;
}

void take_precedence(Precedence precedence, Log& log) {
  if (precedence == Precedence::none) return;
  if (precedence == Precedence::fifo) {
    const std::string why_not = run_in_real_time();
    if (why_not.empty()) return log.event("precedence", {{"is", "SCHED_FIFO"}});
    log.warning("precedence_refused", {{"why", why_not}});
  }
  const std::string why_not = be_not_nice();
  if (why_not.empty()) return log.event("precedence", {{"is", "nice -20"}});
  log.warning("precedence_refused", {{"why", why_not}});
}

}  // namespace poise::realnet
