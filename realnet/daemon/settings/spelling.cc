// Endpoints, log targets and health checks from text, and back.
#include "realnet/daemon/settings/spelling.h"

#include <net/if.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace poise::realnet {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) return std::nullopt;
  return port;
}

std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

std::optional<Endpoint> endpoint_of(std::optional<Address> address,
                                    std::optional<std::uint16_t> port) {
  if (!address || !port || *port == 0) return std::nullopt;
  return Endpoint{*address, *port};
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t port) {
  if (const auto bare = Address::parse(text)) return endpoint_of(bare, port);
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const auto address = Address::parse(text.substr(1, close - 1));
    if (!address || address->is_v4()) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return endpoint_of(address, port);
    return rest[0] == ':' ? endpoint_of(address, parse_port(rest.substr(1))) : std::nullopt;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return endpoint_of(Address::parse(text.substr(0, colon)), parse_port(text.substr(colon + 1)));
}

std::string ControlEndpointSpelling::write(const Type& value) {
  return value == Endpoint{} ? "" : value.to_string();
}

std::optional<Endpoint> ControlEndpointSpelling::read(std::string_view text) {
  return parse_endpoint(text, kControlPort);
}

std::optional<OptionalEndpointSpelling::Type> OptionalEndpointSpelling::read(
    std::string_view text) {
  if (text.empty()) return Type{};
  const std::optional<Endpoint> endpoint = parse_endpoint(text);
  return endpoint ? std::optional<Type>(endpoint) : std::nullopt;
}

std::string LogTargetSpelling::write(const Type& value) {
  switch (value.kind) {
    case LogTarget::Kind::standard_error:
      return "stderr";
    case LogTarget::Kind::journal:
      return "journal";
    case LogTarget::Kind::file:
      return "file:" + value.path;
  }
  return {};
}

std::optional<LogTarget> LogTargetSpelling::read(std::string_view text) {
  if (text == "stderr") return LogTarget{};
  if (text == "journal") return LogTarget{LogTarget::Kind::journal, {}};
  if (const auto path = after(text, "file:"); path && is_path(*path))
    return LogTarget{LogTarget::Kind::file, std::string(*path)};
  return std::nullopt;
}

std::string HealthCheckSpelling::write(const Type& value) {
  switch (value.kind) {
    case HealthCheck::Kind::none:
      return "none";
    case HealthCheck::Kind::tcp:
      return "tcp " + std::to_string(value.port);
    case HealthCheck::Kind::http:
      return "http " + value.target;
    case HealthCheck::Kind::exec:
      return "exec " + value.target;
  }
  return {};
}

std::optional<HealthCheck> HealthCheckSpelling::read(std::string_view text) {
  if (text == "none") return HealthCheck{};
  if (const auto digits = after(text, "tcp ")) {
    const auto port = parse_port(*digits);
    return port ? std::optional(HealthCheck{HealthCheck::Kind::tcp, *port, {}}) : std::nullopt;
  }
  if (const auto url = after(text, "http "); url && url->starts_with("http://") && url->size() > 7)
    return HealthCheck{HealthCheck::Kind::http, 0, std::string(*url)};
  if (const auto command = after(text, "exec "); command && is_path(*command))
    return HealthCheck{HealthCheck::Kind::exec, 0, std::string(*command)};
  return std::nullopt;
}

bool is_path(std::string_view text) {
  return text.size() > 1 && text[0] == '/' && text.find('\0') == std::string_view::npos;
}

bool is_path_or_empty(std::string_view text) {
  return text.empty() || is_path(text);
}

bool is_socket_path(std::string_view text) {
  return is_path(text) && text.size() < sizeof(sockaddr_un::sun_path);
}

bool is_interface_or_empty(std::string_view text) {
  return text.size() < IF_NAMESIZE && std::none_of(text.begin(), text.end(), [](char c) {
           return c == '/' || static_cast<unsigned char>(c) <= ' ';
         });
}

}  // namespace poise::realnet
