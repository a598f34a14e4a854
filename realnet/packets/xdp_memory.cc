// The memory that an AF_XDP socket shares with the kernel.
#include "realnet/packets/xdp_memory.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>

#include "realnet/system/error.h"

namespace poise::realnet {

Mapping::Mapping(std::size_t size, int fd, std::uint64_t offset, const std::string& attempt) {
  const int kind = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, kind | MAP_POPULATE, fd,
                             static_cast<off_t>(offset));
  if (start == MAP_FAILED) throw SystemError(attempt, errno);
  bytes_ = {static_cast<std::uint8_t*>(start), size};
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

XdpMemory::XdpMemory(const std::string& attempt)
    : frames_(kFrameCount * kFrameSize, -1, 0, attempt + ": take memory for frames"),
      socket_(checked(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), attempt + ": open a socket")) {
  const auto set = [&](int option, const auto& value, const char* what) {
    checked(::setsockopt(fd(), SOL_XDP, option, &value, sizeof value), attempt + ": " + what);
  };
  xdp_umem_reg frames{};
  frames.addr = reinterpret_cast<std::uint64_t>(frames_.bytes().data());
  frames.len = frames_.bytes().size();
  frames.chunk_size = kFrameSize;
  set(XDP_UMEM_REG, frames, "share its frames (LimitMEMLOCK, without CAP_IPC_LOCK)");
  const std::uint32_t count = SharedRing<std::uint64_t>::kCount;
  for (const int ring : {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING})
    set(ring, count, "size a ring");
  xdp_mmap_offsets offsets{};
  socklen_t size = sizeof offsets;
  checked(::getsockopt(fd(), SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size),
          attempt + ": ask where its rings are");
  const std::string map = attempt + ": map a ring";
  fill = {fd(), XDP_UMEM_PGOFF_FILL_RING, offsets.fr, map};
  completion = {fd(), XDP_UMEM_PGOFF_COMPLETION_RING, offsets.cr, map};
  receive = {fd(), XDP_PGOFF_RX_RING, offsets.rx, map};
  transmit = {fd(), XDP_PGOFF_TX_RING, offsets.tx, map};
  for (std::size_t i = 0; i < kFrameCount; ++i) fill.push(i * kFrameSize);
  const int buffer = 8 << 20;
  static_cast<void>(::setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer));
}

}  // namespace poise::realnet
