// How the settings of failover TCP are spelled.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "realnet/daemon/settings/spelling.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

inline constexpr std::array<std::string_view, 2> kTcpKindWords{"failover", "alone"};
inline constexpr std::array<std::string_view, 2> kVipMoveWords{"arp", "none"};
inline constexpr std::array<std::string_view, 3> kLeaveWords{"joined", "device", "raw"};
inline constexpr std::array<std::string_view, 3> kPrecedenceWords{"fifo", "nice", "none"};
inline constexpr std::array<std::string_view, 2> kCongestionWords{"newreno", "cubic"};
inline constexpr std::array<std::string_view, 2> kPersonalityWords{"linux", "freebsd"};
using TcpKindSpelling = WordSpelling<TcpKind, kTcpKindWords>;
using VipMoveSpelling = WordSpelling<VipMove, kVipMoveWords>;
using LeaveSpelling = WordSpelling<Leave, kLeaveWords>;
using PrecedenceSpelling = WordSpelling<Precedence, kPrecedenceWords>;
using CommitSpelling = WordSpelling<tcp::CommitPolicy, tcp::kCommitPolicyWords>;
using CongestionSpelling = WordSpelling<tcp::CongestionControl, kCongestionWords>;
using PersonalitySpelling = WordSpelling<tcp::Personality, kPersonalityWords>;

struct ServiceEndpointSpelling {
  using Type = Endpoint;
  static constexpr std::string_view kForm = "an address with a port, such as \"10.0.0.50:9999\"";
  static std::string write(const Type& value) { return value.to_string(); }
  static std::optional<Type> read(std::string_view text) { return parse_endpoint(text); }
};

// Of a stream; without a port: `Port`. The unspecified endpoint is "".
template <std::uint16_t Port>
struct StreamEndpointSpelling {
  using Type = Endpoint;
  static constexpr std::string_view kForm =
      "an address with or without a port, such as \"10.0.0.1\" or \"[2001:db8::1]:1339\"";
  static std::string write(const Type& value) {
    return value == Endpoint{} ? "" : value.to_string();
  }
  static std::optional<Type> read(std::string_view text) {
    if (text.empty()) return Endpoint{};
    return parse_endpoint(text, Port);
  }
};

}  // namespace poise::realnet
