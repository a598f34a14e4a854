// Writes what passes a host's devices to a pcap file.
#include "realnet/lab/capture.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

#include "model/wire/pcap.h"
#include "realnet/system/clock.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

namespace {

constexpr std::size_t kLongest = 65536;
// Bytes that wait to be written: a busy disk holds up whoever writes, and with it all clients.
constexpr std::size_t kWriteAt = 32 << 20;
constexpr int kWaiting = 64 << 20;  // bytes that the kernel may hold back for us
constexpr int kAtATime = 256;       // then others have their turn

Fd open_tap(const std::string& where) {
  const EnterNamespace inside(where);
  const std::string attempt = "capture packets in " + where;
  Fd socket(checked(
      ::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)), attempt));
  for (const auto& [option, value] :
       {std::pair{SO_RCVBUFFORCE, kWaiting}, std::pair{SO_TIMESTAMPNS, 1}})
    checked(::setsockopt(socket.get(), SOL_SOCKET, option, &value, sizeof value), attempt);
  return socket;
}

Duration duration_of(const timespec& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

// The kernel stamps packets by another clock than ours, which may be set while we run.
Duration wall_clock_minus_ours() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  return duration_of(wall) - now().time_since_epoch();
}

// Of a message that recvmsg() filled; by the wall clock.
Duration stamp_of(msghdr& message) {
  timespec stamp{};
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part))
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS)
      std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
  return duration_of(stamp);
}

}  // namespace

Capture::Capture(const std::string& where, std::string name, Fd file, Loop& loop)
    : loop_(loop),
      name_(std::move(name)),
      file_(std::move(file)),
      socket_(open_tap(where)),
      datagram_(kLongest) {
  put(wire::pcap_file_header());
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { read(); });
}

Capture::~Capture() {
  if (socket_) loop_.forget(socket_.get());
}

void Capture::read() {
  const Duration clocks_apart = wall_clock_minus_ours();
  for (int i = 0; i < kAtATime && read_one(clocks_apart, kNever); ++i) continue;
}

bool Capture::read_one(Duration clocks_apart, Instant end) {
  sockaddr_ll device{};
  iovec bytes{datagram_.data(), datagram_.size()};
  alignas(cmsghdr) char control[64];
  msghdr message{};
  message.msg_name = &device;
  message.msg_namelen = sizeof device;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(socket_.get(), &message, 0);
  if (size < 0) return errno == EINTR;
  if (device.sll_protocol != htons(ETH_P_IP) || device.sll_hatype == ARPHRD_LOOPBACK) return true;
  const Instant at{stamp_of(message) - clocks_apart - loop_.origin().time_since_epoch()};
  if (at < Instant{}) return true;  // before the plan began
  if (at > end) return false;
  put(wire::pcap_packet_header(at, static_cast<std::size_t>(size)));
  put(std::span(datagram_).first(static_cast<std::size_t>(size)));
  return true;
}

void Capture::put(std::span<const std::uint8_t> bytes) {
  unwritten_.insert(unwritten_.end(), bytes.begin(), bytes.end());
  if (unwritten_.size() >= kWriteAt) flush();
}

void Capture::flush() {
  for (std::size_t done = 0; done < unwritten_.size();) {
    const ssize_t size = ::write(file_.get(), unwritten_.data() + done, unwritten_.size() - done);
    if (size < 0 && errno != EINTR) throw SystemError("write " + name_, errno);
    if (size > 0) done += static_cast<std::size_t>(size);
  }
  unwritten_.clear();
}

std::uint64_t Capture::finish() {
  const Duration clocks_apart = wall_clock_minus_ours();
  const Instant end = loop_.now();
  while (read_one(clocks_apart, end)) continue;
  flush();
  tpacket_stats counts{};
  socklen_t size = sizeof counts;
  checked(::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &counts, &size),
          "ask what " + name_ + " lacks");
  loop_.forget(socket_.get());
  socket_.reset();
  return counts.tp_drops;
}

}  // namespace poise::realnet::lab
