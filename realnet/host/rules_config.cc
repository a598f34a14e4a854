// Which packets of a host go to which queues, as a value.
#include "realnet/host/rules_config.h"

#include <netinet/in.h>

#include <algorithm>

#include "model/hash.h"

namespace poise::realnet {
namespace {

constexpr std::string_view kPrefix = "POISE-";
constexpr std::size_t kChainLengthMax = 28;  // XT_EXTENSION_MAXNAMELEN and its final zero
constexpr std::size_t kHashLength = 8;
constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

std::string hash_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t hash = siphash24({}, text);
  std::string digits;
  for (std::size_t i = 0; i < kHashLength; ++i, hash >>= 4) digits += kDigits[hash & 15];
  return digits;
}

}  // namespace

Match Match::vip(Address vip, std::optional<std::uint8_t> protocol,
                 std::optional<std::uint16_t> port) {
  return {.destination = vip,
          .protocol = protocol,
          .port = port,
          .with_errors_and_fragments = protocol.has_value()};
}

Match Match::udp_tunnel(Address data, std::uint16_t port) {
  return {.destination = data, .protocol = IPPROTO_UDP, .port = port};
}

Match Match::ip_tunnel(Address data, std::uint8_t protocol) {
  return {.destination = data, .protocol = protocol};
}

Match Match::syn_ack_from(Address vip, std::optional<std::uint16_t> port) {
  return {.source = vip, .protocol = IPPROTO_TCP, .source_port = port, .syn_ack = true};
}

std::string chain_name(std::string_view name, std::string_view part) {
  std::string whole(name);
  if (!part.empty()) whole += "+" + std::string(part);
  const bool plain = name.find_first_not_of(kPlain) == std::string_view::npos &&
                     part.find_first_not_of(kPlain) == std::string_view::npos;
  if (plain && kPrefix.size() + whole.size() <= kChainLengthMax)
    return std::string(kPrefix) + whole;
  std::string head = whole.substr(0, kChainLengthMax - kPrefix.size() - 1 - kHashLength);
  std::replace_if(
      head.begin(), head.end(), [](char c) { return kPlain.find(c) == std::string_view::npos; },
      '_');
  return std::string(kPrefix) + head + "+" + hash_text(whole);
}

std::string nft_table_name(std::string_view chain) {
  std::string table = "poise_" + std::string(chain.substr(kPrefix.size()));
  std::replace(table.begin(), table.end(), '-', '.');  // nft has no '-' and '+' in names
  std::replace(table.begin(), table.end(), '+', '/');
  return table;
}

}  // namespace poise::realnet
