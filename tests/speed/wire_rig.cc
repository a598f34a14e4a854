// Three hosts in a row, in namespaces without names.
#include "tests/speed/wire_rig.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <new>
#include <stdexcept>
#include <thread>

#include "model/wire/build.h"
#include "realnet/packets/raw_sender.h"
#include "realnet/system/error.h"
#include "realnet/system/thread.h"

namespace poise::realnet {

namespace {

const Address kVip = Address::v4(0x0a080909);
const Address kClient = Address::v4(0x0a080101);
const Address kSink = Address::v4(0x0a080202);

Fd new_namespace() {
  Fd made;
  std::thread([&made] {
    checked(::unshare(CLONE_NEWNET), "make a network namespace (needs root)");
    made = Fd(checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open it"));
  }).join();
  return made;
}

void say(Balancer& balancer, const std::string& line) {
  balancer.on_message(Instant{}, 1,
                      {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
}

constexpr std::size_t kBatch = 32;
constexpr auto kPause = std::chrono::microseconds{20};  // without credit

[[noreturn]] void blast(std::size_t size, unsigned flows, WireRig::Pace* pace) {
  std::vector<std::vector<std::uint8_t>> datagrams;
  for (unsigned flow = 0; flow < flows; ++flow) datagrams.push_back(WireRig::datagram(size, flow));
  RawSender sender;
  for (std::size_t next = 0;;) {
    while (pace != nullptr && pace->sent - pace->settled > pace->window)
      std::this_thread::sleep_for(kPause);
    for (std::size_t i = 0; i < kBatch; ++i, next = (next + 1) % datagrams.size())
      sender.queue(Packet(datagrams[next], 0, datagrams[next].size()));
    sender.flush();
    if (pace != nullptr) pace->sent += kBatch;
  }
}

}  // namespace

WireRig::WireRig(unsigned queues, Spread spread)
    : client_(new_namespace()), host_(new_namespace()), sink_(new_namespace()) {
  configure(host_,
            "ip link set lo up; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.accept_local=1;"
            "ip link add c type veth peer name eth0 netns " +
                path(client_) +
                ";"
                "ip link add s type veth peer name eth0 netns " +
                path(sink_) +
                ";"
                "ip link set c up; ip link set s up;"
                "ip addr add 10.8.1.2/24 dev c; ip addr add 10.8.2.1/24 dev s;"
                "ip route add 10.8.9.9 via 10.8.2.2");
  const std::string target = queues == 0 ? "DROP"
                             : queues == 1
                                 ? "NFQUEUE --queue-num 0"
                                 : "NFQUEUE --queue-balance 0:" + std::to_string(queues - 1) +
                                       (spread == Spread::core ? " --queue-cpu-fanout" : "");
  configure(host_, "iptables -t raw -A PREROUTING -d 10.8.9.9 -j " + target);
  configure(
      client_,
      "ip link set eth0 up; ip addr add 10.8.1.1/24 dev eth0; ip route add default via 10.8.1.2");
  configure(
      sink_,
      "ip link set eth0 up; ip addr add 10.8.2.2/24 dev eth0; ip route add default via 10.8.2.1;"
      "iptables -t raw -A PREROUTING -p udp -j DROP");
}

std::string WireRig::path(const Fd& host) const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(host.get());
}

void WireRig::configure(const Fd& host, const std::string& commands) const {
  const EnterNamespace inside(path(host));
  if (std::system(("set -e; " + commands).c_str()) != 0) throw std::runtime_error(commands);
}

std::unique_ptr<EnterNamespace> WireRig::on_host() const {
  return std::make_unique<EnterNamespace>(path(host_));
}
std::unique_ptr<EnterNamespace> WireRig::on_client() const {
  return std::make_unique<EnterNamespace>(path(client_));
}
std::unique_ptr<EnterNamespace> WireRig::on_sink() const {
  return std::make_unique<EnterNamespace>(path(sink_));
}

std::uint64_t WireRig::sunk() const {
  const EnterNamespace inside(path(sink_));
  std::ifstream devices("/proc/thread-self/net/dev");
  for (std::string word; devices >> word;) {
    if (word != "eth0:") continue;
    std::uint64_t bytes = 0, packets = 0;
    devices >> bytes >> packets;
    return packets;
  }
  return 0;
}

std::unique_ptr<WireRig::Pace, WireRig::Pace::Unmap> WireRig::Pace::make(std::uint64_t window) {
  void* const memory =
      ::mmap(nullptr, sizeof(Pace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SystemError("share memory with a sender", errno);
  return std::unique_ptr<Pace, Unmap>(new (memory) Pace{window, 0, 0});
}

void WireRig::Pace::Unmap::operator()(Pace* pace) const noexcept {
  ::munmap(pace, sizeof *pace);
}

WireRig::Sender::Sender(const WireRig& rig, std::size_t size, unsigned flows, unsigned cpu,
                        Pace* pace) {
  child_ = checked(::fork(), "fork a sender");
  if (child_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_TIMERSLACK, 1);
  pin_to_cpu(cpu);
  const auto inside = rig.on_client();
  blast(size, flows, pace);
}

WireRig::Sender::~Sender() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::vector<std::uint8_t> WireRig::datagram(std::size_t size, unsigned flow) {
  const std::vector<std::uint8_t> payload(size - 28);
  return wire::build(
      wire::UdpDatagram{.source = {kClient, static_cast<std::uint16_t>(10000U + flow)},
                        .destination = {kVip, 80},
                        .payload = payload});
}

Duration WireRig::Sender::time() const {
  clockid_t clock{};
  ::clock_getcpuclockid(child_, &clock);
  return clock_time(clock);
}

std::unique_ptr<Balancer> WireRig::balancer() {
  BalancerConfig config;
  config.address = Address::v4(0x0a080201);
  config.vips = {{kVip, 17, 80}};
  auto balancer = std::make_unique<Balancer>(config, policy::make({}));
  balancer->on_peer(Instant{}, 1, PeerEvent::up);
  say(*balancer, "REGISTER sink " + kSink.to_string() + '\n');
  const std::optional<Packet> probe = balancer->next_transmit();
  const std::string text(probe->bytes().begin(), probe->bytes().end());
  say(*balancer, "SANE " + text.substr(text.find("SANITY ") + 7, 16) + '\n');
  return balancer;
}

}  // namespace poise::realnet
