// The keys that a balancer and an agent have in common.
#pragma once

#include <vector>

#include "realnet/daemon/settings/sections.h"

namespace poise::realnet {

inline constexpr double kSecondsMax = 1e6;
inline constexpr double kTick = 1e-9;
inline constexpr double kSeedMin = -9.3e18;
inline constexpr double kSeedMax = 9.3e18;

inline scenario::Table vip_table() {
  using scenario::key;
  static const Vip defaults{};
  return {"vip",
          {
              key<&Vip::address>("address", "The service's address.").must(),
              spelled<ProtocolSpelling, &Vip::protocol>("protocol", "The service's protocol."),
              key<&Vip::port>("port", "The service's port; 0: every port.").range(0, 65535),
          },
          &defaults};
}

template <class S>
scenario::Field vips(const scenario::Table& table) {
  scenario::Field field;
  field.name = "vip";
  field.doc = "The service addresses, one table each. Must be given.";
  field.type = scenario::Type::tables;
  field.table = &table;
  field.at = [](void* object, std::size_t index) -> void* {
    return &static_cast<S*>(object)->machine.vips[index];
  };
  field.size = [](const void* object) {
    return static_cast<const S*>(object)->machine.vips.size();
  };
  field.resize = [](void* object, std::size_t size) {
    static_cast<S*>(object)->machine.vips.resize(size);
  };
  return field;
}

// What stands above the sections.
template <class S>
std::vector<scenario::Field> first_fields(const scenario::Table& vip) {
  using scenario::key;
  using Machine = decltype(S::machine);
  return {
      key<&S::machine, &Machine::name>("name", "What it is called: 1 to 64 of A-Z a-z 0-9 . _ -"),
      key<&S::machine, &Machine::address>("address",
                                          "Its own address, where tunnels begin or end. Must be "
                                          "given."),
      key<&S::interface>("interface", "The device of the address; \"\": found by the address.")
          .like(is_interface_or_empty, "a device's name of at most 15 characters, or \"\""),
      key<&S::attach>("attach", "The VIPs are put on this host, and taken away at the end."),
      key<&S::stop_drain>("stop_drain_s", "Time that flows have when it is told to stop.")
          .range(0, 3600, "s"),
      key<&S::record>("record", "File that gets all events, for replay; \"\": none.")
          .like(is_path_or_empty, "an absolute path, or \"\" for none"),
      key<&S::seed>("seed", "Of its dice; 0: a new one every start, printed.")
          .range(kSeedMin, kSeedMax),
      vips<S>(vip),
  };
}

// An attribute of netlink, as which a datagram goes back to the kernel, has 16 bits for the length
// of its head of 4 bytes and the datagram.
inline constexpr std::uint32_t kMtuMax = 65'531;

template <class S>
std::vector<scenario::Field> service_fields() {
  using scenario::key;
  using Machine = decltype(S::machine);
  return {
      spelled<EncapsulationSpelling, &S::machine, &Machine::encapsulation>(
          "encapsulation", "The tunnel to the backends; caplance: UDP 1337, as Caplance's."),
      key<&S::machine, &Machine::mtu>("mtu", "Of the path between balancers and backends.")
          .range(576, kMtuMax, "bytes"),
      key<&S::machine, &Machine::clamp_mss>(
          "clamp_mss",
          "SYNs get an MSS that fits the tunnel: on a balancer those of the clients, "
          "on an agent those of its host."),
  };
}

template <class S>
std::vector<scenario::Field> credential_fields() {
  using scenario::key;
  constexpr auto kOf = &S::credentials;
  using C = CredentialSettings;
  constexpr std::string_view kForm = "an absolute path, or \"\" for none";
  return {
      key<kOf, &C::certificate_file>("certificate_file", "PEM, with key_file and authority_file.")
          .like(is_path_or_empty, kForm),
      key<kOf, &C::key_file>("key_file", "PEM, of the certificate.").like(is_path_or_empty, kForm),
      key<kOf, &C::authority_file>("authority_file", "PEM, who signed the other end's certificate.")
          .like(is_path_or_empty, kForm),
      key<kOf, &C::psk_identity>("psk_identity",
                                 "What is shown with a key of psk_file; a balancer whose agents "
                                 "have a key each needs none."),
      key<kOf, &C::psk_file>("psk_file",
                             "Lines NAME:KEY, or one KEY of many, in hexadecimal "
                             "digits.")
          .like(is_path_or_empty, kForm),
      key<kOf, &C::plain>("plain", "No TLS: anybody who reaches the port may speak."),
      key<kOf, &C::allowed_names>("allowed_names",
                                  "Names in certificates that are let in; []: every one that "
                                  "is signed."),
  };
}

// What every stream may cost.
template <class S>
std::vector<scenario::Field> stream_limit_fields() {
  constexpr auto kOf = &S::limits;
  return {
      milliseconds<kOf, &Limits::handshake_timeout>("handshake_timeout_s",
                                                    "Time that the other end has to prove itself."),
      milliseconds<kOf, &Limits::silence_max>(
          "silence_max_s", "Silence of the other end's TCP after which the stream is cut."),
      scenario::key<kOf, &Limits::unsent_bytes_max>("unsent_bytes_max",
                                                    "Of one stream; beyond, it is cut.")
          .range(4096, 1e9, "bytes"),
  };
}

template <class S>
std::vector<scenario::Field> packet_fields() {
  using scenario::key;
  constexpr auto kOf = &S::packets;
  using P = PacketSettings;
  return {
      key<kOf, &P::queues>("queues", "Queues, each with a thread.").range(1, 256),
      key<kOf, &P::first_queue>("first_queue", "Number of the first NFQUEUE.").range(0, 65535),
      spelled<FromSpelling, kOf, &P::from>(
          "from",
          "How packets come: all through the queues, or by AF_XDP before the kernel's stack, which "
          "costs half, and what that leaves (fragments, options, ICMP, other devices) through the "
          "queues. xdp needs a driver with XDP, CAP_BPF, and the device for itself."),
      spelled<TurnsSpelling, kOf, &P::turns>(
          "turns",
          "When a queue's thread gets its processor: prompt interrupts what runs there for every "
          "packet; patient (SCHED_BATCH) waits for its turn, finds more packets at once and costs "
          "less, but is milliseconds late while others compute."),
      key<kOf, &P::nice>(
          "nice",
          "How nice the queues' threads are at least; the others keep what the daemon "
          "was started with. Threads that always come first take packets one by one, "
          "which costs about twice as much as many at once.")
          .range(-20, 19),
      spelled<SpreadSpelling, kOf, &P::spread>(
          "spread",
          "What says which queue a packet goes to: its flow, or the core that received it, which "
          "costs less; a flow that changes cores then counts as a new one."),
      spelled<EmitSpelling, kOf, &P::emit>(
          "emit",
          "How a rewritten packet leaves: with its verdict, through a raw socket, or as suits the "
          "host. tun, of an agent with from = xdp: through a device of its own into the host's "
          "stack, which costs less than by lo; a firewall sees packets come from poise-in0."),
      spelled<FailSpelling, kOf, &P::fail>(
          "fail", "What the kernel does while nobody reads the queue: drop, or let pass."),
      key<kOf, &P::queue_length>("queue_length", "What the kernel holds for one queue.")
          .range(1, 1e6, "packets"),
      key<kOf, &P::burst>("burst", "What the machine gets at once.").range(1, 64, "packets"),
      key<kOf, &P::rules>("rules",
                          "The iptables rules are ours; false: somebody else queues the packets."),
      key<kOf, &P::cpus>("cpus", "Queue i runs on the (i modulo their number)th; []: anywhere.")
          .range(0, 4095),
  };
}

template <class S>
std::vector<scenario::Field> state_fields() {
  return {
      scenario::key<&S::state, &StateSettings::folder>("folder", "Where it is kept.")
          .like(is_path, "an absolute path"),
  };
}

template <class S>
std::vector<scenario::Field> log_fields() {
  using scenario::key;
  constexpr auto kOf = &S::log;
  return {
      spelled<LogLevelSpelling, kOf, &LogSettings::level>("level", "The least that is written."),
      spelled<LogTargetSpelling, kOf, &LogSettings::to>(
          "to", "stderr, journal, or file:PATH (opened anew on SIGUSR1 and SIGHUP)."),
      key<kOf, &LogSettings::fold>("fold_s",
                                   "Events of one kind are counted, not written, for so long.")
          .range(0, 3600, "s"),
  };
}

template <class S>
std::vector<scenario::Field> metrics_fields() {
  return {
      spelled<OptionalEndpointSpelling, &S::metrics, &MetricsSettings::listen>(
          "listen", "Address and port; \"\": none."),
  };
}

template <class S>
std::vector<scenario::Field> operator_fields() {
  return {
      scenario::key<&S::operator_side, &OperatorSettings::socket>("socket",
                                                                  "A Unix socket of this path.")
          .like(is_socket_path, "an absolute path of at most 107 characters"),
  };
}

}  // namespace poise::realnet
