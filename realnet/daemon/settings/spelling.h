// How a value of the settings is spelled in text: one struct a kind, that writes and reads it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "model/flow/flow_key.h"
#include "model/wire/encapsulation.h"
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

// "10.0.0.1", "10.0.0.1:80", "2001:db8::1", "[2001:db8::1]:80". Without a port: `port`, or nothing
// when that is 0.
std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t port = 0);

// A Spelling has
//   Type                       what is spelled
//   kWords or kForm            all texts there are, or what an error says is expected
//   write(value) -> text       read(write(value)) == value
//   read(text) -> optional     nullopt: not spelled so

struct ProtocolSpelling {
  using Type = std::uint8_t;
  static constexpr std::array<std::string_view, 2> kWords{"tcp", "udp"};
  static std::string write(Type protocol) { return protocol == 17 ? "udp" : "tcp"; }
  static std::optional<Type> read(std::string_view text) {
    if (text == "tcp") return Type{6};
    return text == "udp" ? std::optional(Type{17}) : std::nullopt;
  }
};

struct EncapsulationSpelling {
  using Type = wire::Encapsulation;
  static constexpr std::array<std::string_view, 4> kWords{"caplance", "gue", "ipip", "gre"};
  static std::string write(Type value) { return std::string(to_string(value)); }
  static std::optional<Type> read(std::string_view text) { return wire::parse_encapsulation(text); }
};

struct FlowFieldsSpelling {
  using Type = FlowFields;
  static constexpr std::array<std::string_view, 4> kWords{"3", "4", "5", "caplance"};
  static std::string write(Type value) { return std::string(to_string(value)); }
  static std::optional<Type> read(std::string_view text) { return parse_flow_fields(text); }
};

// An enumeration whose words stand in the order of its values.
template <class Enumeration, const auto& Words>
struct WordSpelling {
  using Type = Enumeration;
  static constexpr auto kWords = Words;
  static std::string write(Type value) {
    return std::string(kWords[static_cast<std::size_t>(value)]);
  }
  static std::optional<Type> read(std::string_view text) {
    for (std::size_t i = 0; i < kWords.size(); ++i)
      if (kWords[i] == text) return static_cast<Type>(i);
    return std::nullopt;
  }
};

inline constexpr std::array<std::string_view, 4> kEmitWords{"auto", "verdict", "raw", "tun"};
inline constexpr std::array<std::string_view, 2> kFailWords{"closed", "open"};
inline constexpr std::array<std::string_view, 2> kSpreadWords{"flow", "core"};
inline constexpr std::array<std::string_view, 2> kFromWords{"queue", "xdp"};
inline constexpr std::array<std::string_view, 2> kTurnsWords{"prompt", "patient"};
inline constexpr std::array<std::string_view, 4> kLogLevelWords{"debug", "info", "warning",
                                                                "error"};
using EmitSpelling = WordSpelling<Emit, kEmitWords>;
using SpreadSpelling = WordSpelling<Spread, kSpreadWords>;
using FromSpelling = WordSpelling<From, kFromWords>;
using TurnsSpelling = WordSpelling<Turns, kTurnsWords>;
using FailSpelling = WordSpelling<Fail, kFailWords>;
using LogLevelSpelling = WordSpelling<LogLevel, kLogLevelWords>;

// An endpoint of the control port.
struct ControlEndpointSpelling {
  using Type = Endpoint;
  static constexpr std::string_view kForm =
      "an address with or without a port, such as \"10.0.0.1\" or \"[2001:db8::1]:1338\"";
  static std::string write(const Type& value);  // the unspecified endpoint is ""
  static std::optional<Type> read(std::string_view text);
};

struct OptionalEndpointSpelling {
  using Type = std::optional<Endpoint>;
  static constexpr std::string_view kForm =
      "an address with a port, such as \"127.0.0.1:9338\", or \"\" for none";
  static std::string write(const Type& value) { return value ? value->to_string() : ""; }
  static std::optional<Type> read(std::string_view text);
};

struct LogTargetSpelling {
  using Type = LogTarget;
  static constexpr std::string_view kForm = "\"stderr\", \"journal\" or \"file:/absolute/path\"";
  static std::string write(const Type& value);
  static std::optional<Type> read(std::string_view text);
};

struct HealthCheckSpelling {
  using Type = HealthCheck;
  static constexpr std::string_view kForm =
      "\"none\", \"tcp PORT\", \"http http://ADDRESS:PORT/PATH\" or \"exec /absolute/command ...\"";
  static std::string write(const Type& value);
  static std::optional<Type> read(std::string_view text);
};

// Texts that only have a form.
bool is_path(std::string_view text);  // absolute
bool is_path_or_empty(std::string_view text);
bool is_socket_path(std::string_view text);  // absolute, and fits sockaddr_un
bool is_interface_or_empty(std::string_view text);

}  // namespace poise::realnet
