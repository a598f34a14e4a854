// Loses packets that arrive at a network device.
#include "realnet/lab/shutter.h"

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "model/check.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

namespace {

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

// Of 2^32: how many of the random numbers lose a packet.
std::uint64_t threshold_of(double probability) {
  return static_cast<std::uint64_t>(probability * 4294967296.0);
}

Fd make_map() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = sizeof(std::uint32_t);
  attributes.value_size = sizeof(std::uint64_t);
  attributes.max_entries = 1;
  return Fd(checked(bpf(BPF_MAP_CREATE, attributes), "make the map of a shutter"));
}

//   r6 = *threshold;  r0 = random u32;  if r0 < r6: return XDP_DROP;  return XDP_PASS
Fd load_program(const Fd& threshold) {
  std::array<bpf_insn, 9> program{};
  const auto set = [&program](std::size_t at, int code, std::int16_t offset, std::int32_t value) {
    program[at].code = static_cast<std::uint8_t>(code);
    program[at].off = offset;
    program[at].imm = value;
  };
  set(0, BPF_LD | BPF_DW | BPF_IMM, 0, threshold.get());  // and 1: an address has two halves
  program[0].dst_reg = BPF_REG_6;
  program[0].src_reg = BPF_PSEUDO_MAP_VALUE;
  set(2, BPF_LDX | BPF_MEM | BPF_DW, 0, 0);
  program[2].dst_reg = program[2].src_reg = BPF_REG_6;
  set(3, BPF_JMP | BPF_CALL, 0, BPF_FUNC_get_prandom_u32);
  set(4, BPF_JMP | BPF_JLT | BPF_X, 2, 0);
  program[4].src_reg = BPF_REG_6;
  set(5, BPF_ALU64 | BPF_MOV | BPF_K, 0, XDP_PASS);
  set(6, BPF_JMP | BPF_EXIT, 0, 0);
  set(7, BPF_ALU64 | BPF_MOV | BPF_K, 0, XDP_DROP);
  set(8, BPF_JMP | BPF_EXIT, 0, 0);
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.insn_cnt = program.size();
  attributes.insns = address_of(program.data());
  attributes.license = address_of("MIT");
  return Fd(checked(bpf(BPF_PROG_LOAD, attributes), "load the program of a shutter"));
}

}  // namespace

Shutter::Shutter(std::string where, std::string device)
    : where_(std::move(where)), device_(std::move(device)) {}

void Shutter::mount() {
  if (link_) return;
  threshold_ = make_map();
  const Fd program = load_program(threshold_);
  const EnterNamespace inside(where_);
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
  attributes.link_create.target_ifindex = ::if_nametoindex(device_.c_str());
  attributes.link_create.attach_type = BPF_XDP;
  attributes.link_create.flags = XDP_FLAGS_SKB_MODE;
  link_.reset(checked(bpf(BPF_LINK_CREATE, attributes),
                      "mount the shutter of " + device_ + " in " + where_));
}

void Shutter::lose(double probability) {
  POISE_CHECK(probability >= 0 && probability <= 1);
  if (probability == probability_) return;
  mount();
  const std::uint32_t key = 0;
  const std::uint64_t threshold = threshold_of(probability);
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(threshold_.get());
  attributes.key = address_of(&key);
  attributes.value = address_of(&threshold);
  checked(bpf(BPF_MAP_UPDATE_ELEM, attributes), "move the shutter of " + device_ + " in " + where_);
  probability_ = probability;
}

}  // namespace poise::realnet::lab
