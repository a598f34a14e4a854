// Poise's addresses as Boost.Asio's.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "model/address.h"

namespace poise::realnet {

boost::asio::ip::tcp::endpoint endpoint_of(const Address& address, std::uint16_t port);

// "10.0.0.1:80", "[2001:db8::1]:80".
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace poise::realnet
