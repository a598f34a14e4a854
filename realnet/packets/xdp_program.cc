// Assembles the BPF program of AF_XDP: some 70 instructions, so no compiler for BPF is asked for.
#include "realnet/packets/xdp_program.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace poise::realnet {

namespace {

// Where things lie in a frame.
constexpr std::int16_t kEthernet = 14, kEtherType = 12;
constexpr std::int16_t kV4Fragment = kEthernet + 6, kV4Protocol = kEthernet + 9,
                       kV4Destination = kEthernet + 16, kV4Ports = kEthernet + 20;
constexpr std::int16_t kV6Next = kEthernet + 6, kV6Destination = kEthernet + 24,
                       kV6Ports = kEthernet + 40;
// As a little-endian processor reads what is big-endian in a frame.
constexpr std::int32_t kTypeV4 = 0x0008, kTypeV6 = 0xdd86, kMoreOrOffset = 0xff3f;

enum Register : std::uint8_t { r0, r1, r2, r3, r4, r5, frame = 7, frame_end, protocol, stack };
constexpr std::uint8_t kContext = 6;
constexpr std::int16_t kKey = -24;  // on the stack
constexpr std::int16_t kKeyPort = kKey + 16, kKeyProtocol = kKey + 18, kKeyZero = kKey + 19;

enum class Label : std::uint8_t { v6, common, ports, redirect, pass, count };

// Instructions one after the other; jumps are resolved at the end.
class Assembler {
 public:
  void load(std::uint8_t size, std::uint8_t to, std::uint8_t from, std::int16_t at) {
    add(BPF_LDX | BPF_MEM | size, to, from, at, 0);
  }
  void store(std::uint8_t size, std::int16_t at, std::uint8_t from) {
    add(BPF_STX | BPF_MEM | size, stack, from, at, 0);
  }
  void store_value(std::uint8_t size, std::int16_t at, std::int32_t value) {
    add(BPF_ST | BPF_MEM | size, stack, 0, at, value);
  }
  void copy(std::uint8_t to, std::uint8_t from) {
    add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
  }
  void set(std::uint8_t to, std::int32_t value) {
    add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
  }
  void add_value(std::uint8_t to, std::int32_t value) {
    add(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value);
  }
  void mask(std::uint8_t to, std::int32_t value) {
    add(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, value);
  }
  void set_map(std::uint8_t to, int map) {
    add(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, map);
    add(0, 0, 0, 0, 0);
  }
  void call(bpf_func_id helper) { add(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
  void leave() { add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }
  void jump(Label to) { jump_if(BPF_JA, 0, 0, to); }
  void jump_if(std::uint8_t relation, std::uint8_t left, std::int32_t right, Label to) {
    jumps_.emplace_back(code_.size(), to);
    add(static_cast<std::uint8_t>(BPF_JMP | relation | BPF_K), left, 0, 0, right);
  }
  void jump_if_more(std::uint8_t left, std::uint8_t right, Label to) {
    jumps_.emplace_back(code_.size(), to);
    add(BPF_JMP | BPF_JGT | BPF_X, left, right, 0, 0);
  }
  void place(Label label) { places_[static_cast<std::size_t>(label)] = code_.size(); }

  std::vector<bpf_insn> finish() {
    for (const auto& [from, to] : jumps_)
      code_[from].off = static_cast<std::int16_t>(places_[static_cast<std::size_t>(to)] - from - 1);
    return std::move(code_);
  }

 private:
  void add(int code, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::int32_t value) {
    bpf_insn instruction{};
    instruction.code = static_cast<std::uint8_t>(code);
    instruction.dst_reg = to & 15u;
    instruction.src_reg = from & 15u;
    instruction.off = offset;
    instruction.imm = value;
    code_.push_back(instruction);
  }

  std::vector<bpf_insn> code_;
  std::vector<std::pair<std::size_t, Label>> jumps_;
  std::array<std::size_t, static_cast<std::size_t>(Label::count)> places_{};
};

// Goes on with frames of which so many bytes are there.
void need(Assembler& a, std::int32_t bytes) {
  a.copy(r2, frame);
  a.add_value(r2, bytes);
  a.jump_if_more(r2, frame_end, Label::pass);
}

void check_mac(Assembler& a, const std::array<std::uint8_t, 6>& mac) {
  for (std::int16_t at = 0; at < 6; at = static_cast<std::int16_t>(at + 2)) {
    const auto place = static_cast<std::size_t>(at);
    a.load(BPF_H, r3, frame, at);
    a.jump_if(BPF_JNE, r3, mac[place] | mac[place + 1] << 8, Label::pass);
  }
}

void read_v4(Assembler& a) {
  a.load(BPF_B, r3, frame, kEthernet);
  a.jump_if(BPF_JNE, r3, 0x45, Label::pass);
  a.load(BPF_H, r3, frame, kV4Fragment);
  a.mask(r3, kMoreOrOffset);
  a.jump_if(BPF_JNE, r3, 0, Label::pass);
  a.store_value(BPF_DW, kKey, 0);
  a.store_value(BPF_W, kKey + 8, static_cast<std::int32_t>(0xffff0000));  // ::ffff:a.b.c.d
  a.load(BPF_W, r3, frame, kV4Destination);
  a.store(BPF_W, kKey + 12, r3);
  a.load(BPF_B, protocol, frame, kV4Protocol);
  a.load(BPF_H, r4, frame, kV4Ports + 2);
  a.jump(Label::common);
}

void read_v6(Assembler& a) {
  a.place(Label::v6);
  need(a, kV6Ports + 4);
  for (std::int16_t i = 0; i < 16; i = static_cast<std::int16_t>(i + 4)) {
    a.load(BPF_W, r3, frame, static_cast<std::int16_t>(kV6Destination + i));
    a.store(BPF_W, static_cast<std::int16_t>(kKey + i), r3);
  }
  a.load(BPF_B, protocol, frame, kV6Next);
  a.load(BPF_H, r4, frame, kV6Ports + 2);
}

void look_up(Assembler& a, int targets) {
  a.set_map(r1, targets);
  a.copy(r2, stack);
  a.add_value(r2, kKey);
  a.call(BPF_FUNC_map_lookup_elem);
}

}  // namespace

std::vector<bpf_insn> xdp_program(const std::array<std::uint8_t, 6>& mac, int targets,
                                  int sockets) {
  Assembler a;
  a.copy(kContext, r1);
  a.load(BPF_W, frame, kContext, offsetof(xdp_md, data));
  a.load(BPF_W, frame_end, kContext, offsetof(xdp_md, data_end));
  a.copy(r2, frame);
  a.add_value(r2, kXdpFrameMax);
  a.jump_if_more(frame_end, r2, Label::pass);
  need(a, kV4Ports + 4);
  check_mac(a, mac);
  a.load(BPF_H, r3, frame, kEtherType);
  a.jump_if(BPF_JEQ, r3, kTypeV6, Label::v6);
  a.jump_if(BPF_JNE, r3, kTypeV4, Label::pass);
  read_v4(a);
  read_v6(a);

  a.place(Label::common);
  a.jump_if(BPF_JEQ, protocol, 6, Label::ports);
  a.jump_if(BPF_JEQ, protocol, 17, Label::ports);
  a.set(r4, 0);
  a.place(Label::ports);
  a.store(BPF_H, kKeyPort, r4);
  a.store(BPF_B, kKeyProtocol, protocol);
  a.store_value(BPF_B, kKeyZero, 0);
  look_up(a, targets);
  a.jump_if(BPF_JNE, r0, 0, Label::redirect);
  a.store_value(BPF_H, kKeyPort, 0);
  look_up(a, targets);
  a.jump_if(BPF_JEQ, r0, 0, Label::pass);

  a.place(Label::redirect);
  a.set_map(r1, sockets);
  a.load(BPF_W, r2, kContext, offsetof(xdp_md, rx_queue_index));
  a.set(r3, XDP_PASS);  // where the queue has no socket
  a.call(BPF_FUNC_redirect_map);
  a.leave();
  a.place(Label::pass);
  a.set(r0, XDP_PASS);
  a.leave();
  return a.finish();
}

}  // namespace poise::realnet
