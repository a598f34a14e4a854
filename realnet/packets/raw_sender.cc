// Sends whole IP datagrams over raw sockets.
#include "realnet/packets/raw_sender.h"

#include <cerrno>
#include <cstring>

#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

constexpr std::size_t kIpv4HeaderMin = 20, kIpv4Destination = 16;
constexpr std::size_t kIpv6Header = 40, kIpv6Destination = 24;

Fd open_socket(int family, const char* what, std::uint32_t mark) {
  Fd socket(checked(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW), what));
  const int buffer = 8 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  if (mark != 0)
    checked(::setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark), "mark a socket");
  return socket;
}

}  // namespace

RawSender::RawSender(std::uint32_t mark) {
  v4_.socket = open_socket(AF_INET, "open a raw IPv4 socket", mark);
  v6_.socket = open_socket(AF_INET6, "open a raw IPv6 socket", mark);
}

void RawSender::queue(const Packet& packet) noexcept {
  const std::span<const std::uint8_t> bytes = packet.bytes();
  const int version = bytes.empty() ? 0 : bytes[0] >> 4;
  const bool is_v4 = version == 4 && bytes.size() >= kIpv4HeaderMin;
  if (!is_v4 && !(version == 6 && bytes.size() >= kIpv6Header)) {
    ++counters_.failed;
    return;
  }
  Batch& batch = is_v4 ? v4_ : v6_;
  const std::size_t i = batch.count++;
  sockaddr_in6& destination = batch.destinations[i];
  if (is_v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data() + kIpv4Destination, sizeof v4.sin_addr);
    std::memcpy(&destination, &v4, sizeof v4);
  } else {
    destination = {};
    destination.sin6_family = AF_INET6;
    std::memcpy(&destination.sin6_addr, bytes.data() + kIpv6Destination,
                sizeof destination.sin6_addr);
  }
  batch.parts[i] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // sendmmsg only reads
  batch.messages[i].msg_hdr = {
      .msg_name = &destination,
      .msg_namelen = static_cast<socklen_t>(is_v4 ? sizeof(sockaddr_in) : sizeof destination),
      .msg_iov = &batch.parts[i],
      .msg_iovlen = 1};
  if (batch.count == kBurst) flush(batch);
}

void RawSender::flush() noexcept {
  flush(v4_);
  flush(v6_);
}

// sendmmsg stops at the first datagram that fails, which is counted and left out.
void RawSender::flush(Batch& batch) noexcept {
  std::size_t done = 0;
  while (done < batch.count) {
    const int sent = ::sendmmsg(batch.socket.get(), batch.messages.data() + done,
                                static_cast<unsigned>(batch.count - done), 0);
    if (sent > 0) {
      counters_.sent += static_cast<std::uint64_t>(sent);
      done += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EMSGSIZE)
      ++counters_.too_big;
    else if (errno == ENETUNREACH || errno == EHOSTUNREACH || errno == EPERM || errno == EACCES)
      ++counters_.unreachable;
    else
      ++counters_.failed;
    ++done;
  }
  batch.count = 0;
}

}  // namespace poise::realnet
