// Loses packets that arrive at a network device.
#include "realnet/lab/shutter.h"

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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

//   r0 = random u32;  if w0 < threshold: return XDP_DROP;  return XDP_PASS
Fd load_program(double probability) {
  const double threshold = std::min(probability * 4294967296.0, 4294967295.0);
  std::array<bpf_insn, 6> program{};
  const auto set = [&program](std::size_t at, int code, std::int16_t offset, std::uint32_t value) {
    program[at].code = static_cast<std::uint8_t>(code);
    program[at].off = offset;
    program[at].imm = static_cast<std::int32_t>(value);
  };
  set(0, BPF_JMP | BPF_CALL, 0, BPF_FUNC_get_prandom_u32);
  set(1, BPF_JMP32 | BPF_JLT | BPF_K, 2, static_cast<std::uint32_t>(threshold));
  set(2, BPF_ALU64 | BPF_MOV | BPF_K, 0, XDP_PASS);
  set(3, BPF_JMP | BPF_EXIT, 0, 0);
  set(4, BPF_ALU64 | BPF_MOV | BPF_K, 0, XDP_DROP);
  set(5, BPF_JMP | BPF_EXIT, 0, 0);
  if (probability >= 1) program[1] = program[4];  // and the end of all doubt
  if (probability >= 1) program[2] = program[5];
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.insn_cnt = probability >= 1 ? 3 : program.size();
  attributes.insns = address_of(program.data());
  attributes.license = address_of("MIT");
  return Fd(checked(bpf(BPF_PROG_LOAD, attributes), "load the program of a shutter"));
}

}  // namespace

Shutter::Shutter(std::string where, std::string device)
    : where_(std::move(where)), device_(std::move(device)) {}

void Shutter::lose(double probability) {
  POISE_CHECK(probability >= 0 && probability <= 1);
  if (probability == probability_) return;
  link_.reset();
  probability_ = 0;
  if (probability == 0) return;
  const Fd program = load_program(probability);
  const EnterNamespace inside(where_);
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
  attributes.link_create.target_ifindex = ::if_nametoindex(device_.c_str());
  attributes.link_create.attach_type = BPF_XDP;
  attributes.link_create.flags = XDP_FLAGS_SKB_MODE;
  link_.reset(checked(bpf(BPF_LINK_CREATE, attributes),
                      "close the shutter of " + device_ + " in " + where_));
  probability_ = probability;
}

}  // namespace poise::realnet::lab
