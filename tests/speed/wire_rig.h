// Three hosts in a row, for measurements of what a balancer costs between them: a client that sends
// as fast as it can, the host under test, and a sink.
#pragma once

#include <sys/types.h>

#include <atomic>
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
// `queues`; with none they are dropped); the sink drops all that comes.
class WireRig {
 public:
  // Which queue a datagram goes to: its flow says, or the core that it arrives on.
  enum class Spread : std::uint8_t { flow, core };
  explicit WireRig(unsigned queues, Spread spread = Spread::flow);

  // Runs in the host's namespace until the guard goes.
  std::unique_ptr<EnterNamespace> on_host() const;
  std::unique_ptr<EnterNamespace> on_client() const;
  std::unique_ptr<EnterNamespace> on_sink() const;
  // Datagrams that reached the sink.
  std::uint64_t sunk() const;

  // What senders and receivers tell each other, over memory that they share.
  struct Pace {
    std::uint64_t window;  // datagrams that may be under way
    std::atomic<std::uint64_t> sent, settled;

    struct Unmap {
      void operator()(Pace* pace) const noexcept;
    };
    static std::unique_ptr<Pace, Unmap> make(std::uint64_t window);
  };

  // A child process that sends UDP datagrams of `size` bytes from `flows` ports to the VIP, as fast
  // as it can, or as `pace` lets it, until it is destroyed. `cpu`: where it runs.
  class Sender {
   public:
    Sender(const WireRig& rig, std::size_t size, unsigned flows, unsigned cpu,
           Pace* pace = nullptr);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    Duration time() const;  // of a processor, so far

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
