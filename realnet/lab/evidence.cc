// What the record of a daemon proves.
#include "realnet/lab/evidence.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <span>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "model/balancer/recorded.h"
#include "model/wire/bytes.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

namespace {

constexpr std::size_t kIpv4Header = 20;  // and the ports behind it, when it has no options

std::vector<std::uint8_t> content_of(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw SystemError("read " + path, errno);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Of a datagram that a client sent and the tunnel that it left in; nothing where it is not TCP over
// IPv4.
std::optional<scenario::FlowLog::Carried> carried_in(std::span<const std::uint8_t> datagram,
                                                     std::span<const std::uint8_t> tunnel) {
  if (datagram.size() < kIpv4Header || tunnel.size() < kIpv4Header) return {};
  if (datagram[0] >> 4 != 4 || tunnel[0] >> 4 != 4 || datagram[9] != 6) return {};
  const std::size_t header = std::size_t{datagram[0] & 0x0fu} * 4;
  if (datagram.size() < header + 4) return {};
  return scenario::FlowLog::Carried{.client = wire::load32(datagram.data() + 12),
                                    .source_port = wire::load16(datagram.data() + header),
                                    .backend = wire::load32(tunnel.data() + 16)};
}

template <class M>
class Examination : public Spectator {
 public:
  Examination(const M& machine, const RunSpan& span) : machine_(machine), span_(span) {}

  void before(const Event& event) {
    now_ = Instant{event.now - span_.origin};
    if (now_ >= span_.end) close();
    if constexpr (std::is_same_v<M, Balancer>)
      if (now_ >= span_.first_start && !evidence_.known_at_start)
        evidence_.known_at_start = machine_.backends().candidates().size();
  }
  void after(const Event& event, const Packet& packet) {
    if (closed_) return;
    if constexpr (std::is_same_v<M, Balancer>) {
      if (event.kind == EventKind::packet && packet.size() > event.bytes.size())
        if (const auto carried = carried_in(event.bytes, packet.bytes()))
          evidence_.carried.push_back({now_, *carried});
      compare_members();
    }
  }
  void notice(const Notice& notice) {
    if (!closed_) evidence_.said.push_back({now_, notice});
  }

  Evidence take() {
    close();
    return std::move(evidence_);
  }

 private:
  // The end of the run, as the machine was then.
  void close() {
    if (std::exchange(closed_, true)) return;
    for (std::size_t i = 0; i < kCountNumber; ++i)
      evidence_.counts.push_back(machine_.counters()[static_cast<Count>(i)]);
    evidence_.digest = machine_.digest();
  }

  void compare_members() {
    const BackendSet& backends = machine_.backends();
    if (std::exchange(version_, backends.version()) == backends.version()) return;
    std::vector<std::string> members, changed;
    for (const policy::Candidate& candidate : backends.candidates())
      members.push_back(candidate.name);
    std::set_symmetric_difference(members.begin(), members.end(), members_.begin(), members_.end(),
                                  std::back_inserter(changed));
    for (std::string& name : changed) evidence_.changed.push_back({now_, std::move(name)});
    members_ = std::move(members);
  }

  const M& machine_;
  RunSpan span_;
  Instant now_{};
  bool closed_ = false;
  std::uint64_t version_ = 0;
  std::vector<std::string> members_;  // by name
  Evidence evidence_;
};

template <class M>
Evidence examine(const std::string& path, M& machine, std::uint64_t configuration,
                 const RunSpan& span) {
  const std::vector<std::uint8_t> record = content_of(path);
  const RecordReader reader(record);
  const std::string attempt = "replay " + path;
  if (!reader.error().empty()) throw SystemError(attempt, reader.error());
  if (reader.configuration() != configuration)
    throw SystemError(attempt, "its machine was configured otherwise than the plan says");
  Examination<M> examination(machine, span);
  const ReplayReport report = replay(record, machine, examination);
  if (!report.error.empty() && !report.is_cut) throw SystemError(attempt, report.error);
  if (report.diverged_at != 0)
    throw SystemError(attempt, "the outputs of event " + std::to_string(report.diverged_at) +
                                   " are not the daemon's");
  if (!report.is_cut && !report.identical)
    throw SystemError(attempt, "the digest at the end is not the daemon's");
  Evidence evidence = examination.take();
  evidence.ended = !report.is_cut;
  evidence.events = report.events;
  return evidence;
}

}  // namespace

Evidence examine_balancer(const std::string& record, const BalancerConfig& config,
                          const policy::Config& policy, const RunSpan& span) {
  Balancer machine(config, policy::make(policy));
  return examine(record, machine, configuration_digest(config, policy), span);
}

Evidence examine_agent(const std::string& record, const AgentConfig& config, const RunSpan& span) {
  Agent machine(config);
  return examine(record, machine, configuration_digest(config), span);
}

}  // namespace poise::realnet::lab
