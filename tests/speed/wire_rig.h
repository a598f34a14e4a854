// Three hosts in a row, for measurements of what a balancer costs between them: a client that sends
// as fast as it can, the host under test, and a sink.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/balancer/balancer.h"
#include "realnet/system/fd.h"
#include "realnet/system/namespace.h"

namespace poise::realnet {

// client 10.8.1.1 -- 10.8.1.2 host 10.8.2.1 -- 10.8.2.2 sink. The namespaces have no names and end
// with the process. On the host, datagrams to the VIP 10.8.9.9 go to NFQUEUE 0 (or the first
// `queues`); the sink drops all that comes.
class WireRig {
 public:
  explicit WireRig(unsigned queues);

  // Runs in the host's namespace until the guard goes.
  std::unique_ptr<EnterNamespace> on_host() const;
  std::unique_ptr<EnterNamespace> on_client() const;
  std::unique_ptr<EnterNamespace> on_sink() const;
  // Datagrams that reached the sink.
  std::uint64_t sunk() const;

  // A child process that sends UDP datagrams of `size` bytes from `flows` ports to the VIP, as fast
  // as it can, until it is destroyed. `cpu`: where it runs.
  class Sender {
   public:
    Sender(const WireRig& rig, std::size_t size, unsigned flows, unsigned cpu);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

   private:
    pid_t child_ = -1;
  };

  // From the client's port 10000 + `flow` to the VIP, `size` bytes in all.
  static std::vector<std::uint8_t> datagram(std::size_t size, unsigned flow);
  // A balancer of the VIP with one backend, the sink, registered.
  static std::unique_ptr<Balancer> balancer();

 private:
  void configure(const Fd& host, const std::string& commands) const;
  std::string path(const Fd& host) const;
  Fd client_, host_, sink_;
};

}  // namespace poise::realnet
