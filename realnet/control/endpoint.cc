// Poise's addresses as Boost.Asio's.
#include "realnet/control/endpoint.h"

namespace poise::realnet {

namespace asio = boost::asio;

asio::ip::tcp::endpoint endpoint_of(const Address& address, std::uint16_t port) {
  if (address.is_v4()) return {asio::ip::address_v4(address.as_v4()), port};
  return {asio::ip::address_v6(address.bytes()), port};
}

std::string to_string(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace poise::realnet
