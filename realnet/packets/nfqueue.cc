// One NFQUEUE of the kernel, spoken to in netlink.
#include "realnet/packets/nfqueue.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "model/check.h"
#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

// A slot: | verdict headers | headroom | netlink message, the datagram at its end |
//
// The message's own attributes before the datagram are read before a machine may overwrite them,
// so they are headroom, too. A kernel's message is at most 64 KiB of datagram and some 200 bytes.
constexpr std::size_t kVerdictRoom = 64;
constexpr std::size_t kMessageMax = 65536 + 512;
constexpr std::size_t kSlotSize = kVerdictRoom + kHeadroom + kMessageMax;

// What the kernel takes in one write, less than the socket's send buffer.
constexpr std::size_t kWriteMax = 160 * 1024;
constexpr int kSendBuffer = 1 << 20;

struct VerdictMessage {
  nlmsghdr header;
  nfgenmsg family;
  nlattr verdict_attribute;
  nfqnl_msg_verdict_hdr verdict;
};
static_assert(sizeof(VerdictMessage) == 32);
struct ReplaceMessage {
  VerdictMessage verdict;
  nlattr payload_attribute;
};
static_assert(sizeof(ReplaceMessage) == 36 && sizeof(ReplaceMessage) <= kVerdictRoom);

constexpr std::uint16_t message_type(std::uint16_t kind) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_QUEUE << 8 | kind);
}

VerdictMessage verdict_message(std::uint16_t queue, std::uint32_t id, std::uint32_t verdict,
                               std::uint16_t kind = NFQNL_MSG_VERDICT) {
  VerdictMessage message{};
  message.header = {sizeof message, message_type(kind), NLM_F_REQUEST, 0, 0};
  message.family = {AF_UNSPEC, NFNETLINK_V0, htons(queue)};
  message.verdict_attribute = {sizeof(nlattr) + sizeof(nfqnl_msg_verdict_hdr), NFQA_VERDICT_HDR};
  message.verdict = {htonl(verdict), htonl(id)};
  return message;
}

template <class T>
std::span<const std::uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

}  // namespace

// A line a queue: number, port id, waiting, copy mode, copy range, dropped (full), dropped
// (socket).
KernelQueue kernel_queue(std::uint16_t number) {
  std::ifstream queues("/proc/thread-self/net/netfilter/nfnetlink_queue");
  for (std::string line; std::getline(queues, line);) {
    std::istringstream fields(line);
    std::uint64_t queue = 0, port = 0, mode = 0, range = 0;
    KernelQueue found{.held = true};
    fields >> queue >> port >> found.waiting >> mode >> range >> found.dropped_full >>
        found.dropped_socket;
    if (fields && queue == number) return found;
  }
  return {};
}

Queue::Queue(const QueueSettings& settings)
    : settings_(settings),
      socket_(checked(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER),
                      "open a netfilter socket")),
      memory_(kBurst * kSlotSize),
      receive_parts_(kBurst),
      receive_headers_(kBurst) {
  const sockaddr_nl anywhere{AF_NETLINK, 0, 0, 0};
  checked(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&anywhere), sizeof anywhere),
          "bind a netfilter socket");
  const auto set = [&](int level, int option, int value) {
    return ::setsockopt(socket_.get(), level, option, &value, sizeof value);
  };
  const std::string name = "NFQUEUE " + std::to_string(settings.number);
  checked(set(SOL_SOCKET, SO_RCVBUFFORCE, static_cast<int>(settings.receive_buffer_bytes)),
          name + ": take a receive buffer of " + std::to_string(settings.receive_buffer_bytes) +
              " bytes");
  checked(set(SOL_SOCKET, SO_SNDBUFFORCE, kSendBuffer), name + ": take a send buffer");

  const nfqnl_msg_config_cmd bind{NFQNL_CFG_CMD_BIND, 0, 0};
  configure(NFQA_CFG_CMD, bytes_of(bind), "bind");
  const nfqnl_msg_config_params params{htonl(0xffff), NFQNL_COPY_PACKET};
  configure(NFQA_CFG_PARAMS, bytes_of(params), "copy whole packets");
  const std::uint32_t length = htonl(settings.length);
  configure(NFQA_CFG_QUEUE_MAXLEN, bytes_of(length), "set the length");
  struct {
    std::uint32_t flags;
    nlattr mask_attribute;
    std::uint32_t mask;
  } const flags{htonl(settings.fail_open ? NFQA_CFG_F_FAIL_OPEN : 0),
                {sizeof(nlattr) + 4, NFQA_CFG_MASK},
                htonl(NFQA_CFG_F_FAIL_OPEN)};
  configure(NFQA_CFG_FLAGS, bytes_of(flags), "set the flags");

  // A full socket buffer loses datagrams, which the queue counts; it must not also stop the reader.
  set(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
  const timeval wait{0, std::chrono::duration_cast<std::chrono::microseconds>(kWaitMax).count()};
  checked(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait),
          name + ": set the time to wait");
  for (std::size_t i = 0; i < kBurst; ++i) {
    receive_parts_[i] = {memory_.data() + i * kSlotSize + kVerdictRoom + kHeadroom, kMessageMax};
    receive_headers_[i].msg_hdr.msg_iov = &receive_parts_[i];
    receive_headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

// `attribute` may go on with further attributes after the first one's (aligned) bytes.
void Queue::configure(std::uint16_t type, std::span<const std::uint8_t> attribute,
                      const char* what) {
  struct {
    nlmsghdr header;
    nfgenmsg family;
    nlattr attribute;
    std::array<std::uint8_t, 64> bytes;
  } message{};
  const std::size_t first_size = type == NFQA_CFG_FLAGS ? 4 : attribute.size();
  const std::size_t size = sizeof message - sizeof message.bytes + NLMSG_ALIGN(attribute.size());
  message.header = {static_cast<std::uint32_t>(size), message_type(NFQNL_MSG_CONFIG),
                    NLM_F_REQUEST | NLM_F_ACK, 0, 0};
  message.family = {AF_UNSPEC, NFNETLINK_V0, htons(settings_.number)};
  message.attribute = {static_cast<std::uint16_t>(sizeof(nlattr) + first_size), type};
  std::ranges::copy(attribute, message.bytes.begin());

  const std::string attempt = "NFQUEUE " + std::to_string(settings_.number) + ": " + what;
  checked(static_cast<int>(::send(socket_.get(), &message, size, 0)), attempt);
  // Datagrams may come before the acknowledgement of a later step: they are dropped, as a moment
  // earlier, when nobody held the queue.
  for (;;) {
    alignas(nlmsghdr) std::array<std::uint8_t, 4096> answer;
    const auto received = static_cast<std::size_t>(
        checked(static_cast<int>(::recv(socket_.get(), answer.data(), answer.size(), 0)), attempt));
    const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
    if (!NLMSG_OK(header, received)) throw SystemError(attempt, "the kernel's answer is cut");
    if (header->nlmsg_type != NLMSG_ERROR) {
      drop_all_to(0x7fffffff);
      continue;
    }
    const int error = static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
    // "Not permitted" is the answer to both who lacks the privilege and who comes second.
    if ((error == -EBUSY || error == -EPERM) && kernel_queue(settings_.number).held)
      throw SystemError(attempt, "another process holds it");
    if (error != 0) throw SystemError(attempt, -error);
    return;
  }
}

std::size_t Queue::receive() {
  count_ = 0;
  const int received =
      ::recvmmsg(socket_.get(), receive_headers_.data(), settings_.burst, MSG_WAITFORONE, nullptr);
  if (received < 0) {
    if (errno == ENOBUFS)
      ++counters_.overruns;
    else if (errno != EAGAIN && errno != EINTR)
      throw SystemError("read NFQUEUE", errno);
    return 0;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i)
    take(i, receive_headers_[i].msg_len);
  counters_.received += count_;
  return count_;
}

void Queue::take(std::size_t slot, std::size_t size) {
  auto* const start = static_cast<std::uint8_t*>(receive_parts_[slot].iov_base);
  const auto* header = reinterpret_cast<const nlmsghdr*>(start);
  if (!NLMSG_OK(header, size)) {
    ++counters_.unreadable;
  } else if (header->nlmsg_type == message_type(NFQNL_MSG_PACKET)) {
    take_datagram(slot, {start, header->nlmsg_len});
  } else if (header->nlmsg_type == NLMSG_ERROR) {
    ++counters_.verdicts_failed;
  }
}

void Queue::take_datagram(std::size_t slot, std::span<std::uint8_t> message) {
  constexpr std::size_t kAttributes = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg));
  if (message.size() < kAttributes) {
    ++counters_.unreadable;
    return;
  }
  Meta meta;
  bool has_id = false;
  std::uint32_t flags = 0;
  std::size_t payload_offset = 0, payload_size = 0;
  for (std::size_t at = kAttributes; at + sizeof(nlattr) <= message.size();) {
    nlattr attribute;
    std::memcpy(&attribute, message.data() + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > message.size() - at) break;
    const std::uint8_t* value = message.data() + at + sizeof attribute;
    const std::size_t size = attribute.nla_len - sizeof attribute;
    const int type = attribute.nla_type & NLA_TYPE_MASK;
    if (type == NFQA_PACKET_HDR && size >= sizeof(nfqnl_msg_packet_hdr)) {
      nfqnl_msg_packet_hdr header;
      std::memcpy(&header, value, sizeof header);
      meta.id = ntohl(header.packet_id);
      meta.hook = header.hook;
      has_id = true;
    } else if (type == NFQA_SKB_INFO && size >= sizeof flags) {
      std::memcpy(&flags, value, sizeof flags);
      flags = ntohl(flags);
    } else if (type == NFQA_PAYLOAD) {
      payload_offset = at + sizeof attribute;
      payload_size = size;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  if (!has_id) {
    ++counters_.unreadable;
    return;
  }
  meta.is_v4 = message[NLMSG_HDRLEN] == AF_INET;
  const std::span memory(memory_.data() + slot * kSlotSize + kVerdictRoom, kHeadroom + kMessageMax);
  Packet packet(memory, kHeadroom + payload_offset, payload_size);
  if ((flags & NFQA_SKB_CSUMNOTREADY) != 0) {
    wire::Datagram datagram;
    if (wire::parse(packet.bytes(), datagram) == wire::Malformed::none) {
      wire::write_transport_checksum(packet.bytes(), datagram);
      ++counters_.checksums_finished;
    }
  }
  packets_[count_] = packet;
  meta_[count_] = meta;
  ++count_;
}

// Datagrams that go on as new bytes get a message each, written in front of them where they lie;
// what is dropped needs one message in all: the kernel drops every datagram that is older than the
// last one and has no verdict yet.
void Queue::settle(std::span<const Fate> fates) {
  POISE_CHECK(fates.size() == count_);
  std::size_t first = 0, bytes = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t size =
        fates[i] == Fate::replace ? sizeof(ReplaceMessage) + packets_[i].size() : 0;
    if (bytes + size > kWriteMax && i > first) {
      send_verdicts(first, i, fates);
      first = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (first < count_) send_verdicts(first, count_, fates);
  count_ = 0;
}

void Queue::send_verdicts(std::size_t first, std::size_t last, std::span<const Fate> fates) {
  std::array<VerdictMessage, kBurst + 1> accepts;
  std::array<iovec, kBurst + 1> parts;
  std::size_t used = 0;
  bool has_drop = false;
  for (std::size_t i = first; i < last; ++i) {
    const VerdictMessage verdict = verdict_message(settings_.number, meta_[i].id, NF_ACCEPT);
    if (fates[i] == Fate::accept) {
      accepts[used] = verdict;
      parts[used] = {&accepts[used], sizeof accepts[used]};
      ++used;
    } else if (fates[i] == Fate::replace) {
      const std::span<std::uint8_t> bytes = packets_[i].bytes();
      ReplaceMessage message{
          verdict, {static_cast<std::uint16_t>(sizeof(nlattr) + bytes.size()), NFQA_PAYLOAD}};
      message.verdict.header.nlmsg_len = static_cast<std::uint32_t>(sizeof message + bytes.size());
      std::uint8_t* const start = bytes.data() - sizeof message;
      std::memcpy(start, &message, sizeof message);
      parts[used++] = {start, NLMSG_ALIGN(message.verdict.header.nlmsg_len)};
    } else {
      has_drop = true;
    }
  }
  if (has_drop) {
    accepts[used] =
        verdict_message(settings_.number, meta_[last - 1].id, NF_DROP, NFQNL_MSG_VERDICT_BATCH);
    parts[used] = {&accepts[used], sizeof accepts[used]};
    ++used;
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = used;
  if (::sendmsg(socket_.get(), &message, 0) >= 0) return;
  // Whatever the reason: a datagram without a verdict would fill the queue for ever.
  counters_.verdicts_failed += last - first;
  drop_all_to(meta_[last - 1].id);
}

void Queue::drop_all_to(std::uint32_t id) noexcept {
  const VerdictMessage drop =
      verdict_message(settings_.number, id, NF_DROP, NFQNL_MSG_VERDICT_BATCH);
  static_cast<void>(::send(socket_.get(), &drop, sizeof drop, 0));
}

}  // namespace poise::realnet
