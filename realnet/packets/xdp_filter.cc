// Takes datagrams away from a device before the kernel's stack sees them.
#include "realnet/packets/xdp_filter.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "realnet/packets/xdp_program.h"
#include "realnet/packets/xdp_wait.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

template <class T>
std::uint64_t pointer(const T* to) {
  return reinterpret_cast<std::uint64_t>(to);
}

Fd make_map(bpf_map_type type, std::size_t key_size, std::size_t value_size, std::size_t count) {
  bpf_attr attributes{};
  attributes.map_type = type;
  attributes.key_size = static_cast<std::uint32_t>(key_size);
  attributes.value_size = static_cast<std::uint32_t>(value_size);
  attributes.max_entries = static_cast<std::uint32_t>(std::max<std::size_t>(count, 1));
  return Fd(checked(bpf(BPF_MAP_CREATE, attributes), "make a map for XDP"));
}

template <class Key, class Value>
void put(const Fd& map, const Key& key, const Value& value) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(map.get());
  attributes.key = pointer(&key);
  attributes.value = pointer(&value);
  checked(bpf(BPF_MAP_UPDATE_ELEM, attributes), "fill a map for XDP");
}

Fd load(const std::vector<bpf_insn>& code) {
  static constexpr char kLicense[] = "Dual MIT/GPL";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.insns = pointer(code.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(code.size());
  attributes.license = pointer(kLicense);
  return Fd(checked(bpf(BPF_PROG_LOAD, attributes), "load a program for XDP"));
}

}  // namespace

XdpFilter::XdpFilter(const Interface& device, std::span<const XdpTarget> targets,
                     std::span<XdpRing* const> rings)
    : device_(device) {
  unsigned queue_max = 0;
  for (const XdpRing* ring : rings) queue_max = std::max(queue_max, ring->device_queue());
  targets_ = make_map(BPF_MAP_TYPE_HASH, sizeof(XdpKey), sizeof(std::uint8_t), targets.size());
  sockets_ = make_map(BPF_MAP_TYPE_XSKMAP, sizeof(unsigned), sizeof(int), queue_max + 1);
  for (const XdpTarget& target : targets)
    put(targets_, XdpKey{target.destination.bytes(), htons(target.port), target.protocol, 0},
        std::uint8_t{1});
  for (const XdpRing* ring : rings) put(sockets_, ring->device_queue(), ring->fd());
  program_ = load(xdp_program(device.mac, targets_.get(), sockets_.get()));
}

// A link, because the kernel undoes it when its last descriptor is closed.
void XdpFilter::open() {
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program_.get());
  attributes.link_create.target_ifindex = device_.index;
  attributes.link_create.attach_type = BPF_XDP;
  attributes.link_create.flags = 1u << 2;  // XDP_FLAGS_DRV_MODE
  link_ = Fd(checked(while_busy([&] { return bpf(BPF_LINK_CREATE, attributes); }),
                     "attach XDP to " + device_.name));
}

}  // namespace poise::realnet
