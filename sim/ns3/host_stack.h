// What an ns-3 node of a plan is made of: an IPv4 stack, and a TCP that can die and start afresh.
#pragma once

#include <cstdint>
#include <vector>

#include <ns3/ipv4-l3-protocol.h>
#include <ns3/node.h>
#include <ns3/socket.h>
#include <ns3/tcp-l4-protocol.h>
#include <ns3/tcp-socket-base.h>

#include "model/time.h"
#include "sim/ns3/ecmp_routing.h"

namespace ns3 {

// ns-3's TCP socket without four of its faults that would change what clients see of a failure:
// - A listener answers what belongs to no connection with a reset, as every kernel does. ns-3's own
//   ignores it, and a client whose flow was moved to another backend would hang.
// - Data that carries an acknowledgement counts as one when it is decided which timestamp to echo.
//   In ns-3 only empty segments do: a server that answers requests echoes an old timestamp for
//   ever, and its client's retransmission timeout grows to seconds.
// - A client echoes the timestamp of every SYN-ACK. ns-3's does only if the initial sequence number
//   is 0, as ns-3's are: a server that keeps its handshake in there (a SYN cookie) would not know
//   it again.
// - A sender whose peer's window is full while part of it is SACKed waits. ns-3's sends a segment
//   of no bytes, and crashes.
class PoiseTcpSocket : public TcpSocketBase {
 public:
  static TypeId GetTypeId();

 protected:
  void DoForwardUp(Ptr<Packet> packet, const Address& from, const Address& to) override;
  uint32_t SendDataPacket(SequenceNumber32 sequence, uint32_t maxSize, bool withAck) override;
  uint32_t AvailableWindow() const override;
  Ptr<TcpSocketBase> Fork() override;

 private:
  mutable bool m_windowIsFull = false;  // said once, to whoever asks next
};

}  // namespace ns3

namespace poise::ns3world {

// Sets ns-3's defaults (they are the process's): checksums on, and a TCP like Linux's.
//   MSS mtu - 52 (IP, TCP, timestamps), MinRto 200 ms, ConnTimeout 1 s, DelAck 40 ms every 2nd,
//   buffers 4 MiB, DataRetries 15, InitialCwnd 10, Cubic, SACK, timestamps, window scaling,
//   MaxSegLifetime 50 ms (ns-3's demultiplexer is a list: two minutes of TIME_WAIT would fill it).
// Call before anything is built. REQUIRES: mtu >= 576.
void set_linux_profile(std::uint32_t mtu);

// Gives the node IPv4 with PoiseEcmpRouting, ICMP and UDP, and no TCP: hosts boot theirs.
ns3::Ptr<ns3::PoiseEcmpRouting> install_stack(ns3::Ptr<ns3::Node> node, std::uint64_t routing_seed,
                                              bool resilient, bool forwarding);

// The TCP of one host. `crash` takes it away without a word on the wire: its sockets live on inside
// ns-3, unheard and unseen, until they give up. `boot` starts a new one that knows nothing of them.
class HostTcp {
 public:
  explicit HostTcp(ns3::Ptr<ns3::Node> node) : node_(node) {}

  void boot();
  void crash();
  bool is_up() const { return tcp_ != nullptr; }

  // A fresh socket, to connect or to listen. REQUIRES: is_up().
  ns3::Ptr<ns3::Socket> socket();

 private:
  ns3::Ptr<ns3::Node> node_;
  ns3::Ptr<ns3::TcpL4Protocol> tcp_;
  std::vector<ns3::Ptr<ns3::TcpL4Protocol>> dead_;  // their sockets may still point at them
};

}  // namespace poise::ns3world
