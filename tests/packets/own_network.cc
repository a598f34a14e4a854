// Sockets for the tests of the packet room.
#include "tests/packets/own_network.h"

#include <arpa/inet.h>

#include <cstring>

namespace poise::realnet {

namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  SocketAddress(const std::string& address, std::uint16_t port) {
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&storage, &v4, size = sizeof v4);
    } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&storage, &v6, size = sizeof v6);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

}  // namespace

UdpSocket::UdpSocket(const std::string& address, std::uint16_t port) {
  const SocketAddress own(address, port);
  fd_ = Fd(checked(::socket(own.storage.ss_family, SOCK_DGRAM, 0), "open a UDP socket"));
  checked(::bind(fd_.get(), own.get(), own.size), "bind " + address);
  const int buffer = 8 << 20;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  const timeval wait{2, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

void UdpSocket::send_to(const std::string& address, std::uint16_t port,
                        std::span<const std::uint8_t> bytes) {
  const SocketAddress to(address, port);
  checked(static_cast<int>(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, to.get(), to.size)),
          "send to " + address);
}

std::vector<std::uint8_t> UdpSocket::receive() {
  std::vector<std::uint8_t> bytes(65536);
  const ssize_t size = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace poise::realnet
