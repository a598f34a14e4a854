// Laws of the metrics' text; its golden table is read again by Prometheus's own parser.
#include <gtest/gtest.h>

#include <limits>

#include "model/policy/policy.h"
#include "realnet/daemon/metrics/figures.h"
#include "tests/golden.h"

namespace poise::realnet {
namespace {

BalancerConfig balancer_config() {
  BalancerConfig config;
  config.address = Address::v4(0x0a000001);
  config.vips = {{Address::v4(0x0a000032), 6, 80}};
  config.flow_count_max = 64;
  return config;
}

void say(Balancer& balancer, const std::string& line) {
  const std::string bytes = line + "\n";
  balancer.on_message({}, 1, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// A balancer with a backend that registers, and a packet that is none.
void live(Balancer& balancer, int broken_packets) {
  balancer.on_peer({}, 1, PeerEvent::up);
  say(balancer, "REGISTER web1 10.0.0.11 weight=3");
  say(balancer, "NONSENSE");
  for (int i = 0; i < broken_packets; ++i) {
    std::array<std::uint8_t, 256> memory{};
    Packet packet(memory, 128, 3);
    EXPECT_EQ(balancer.on_packet({}, packet), Verdict::drop);
  }
}

TEST(Figures, EveryCounterOfTheMachinesIsAMetric) {
  Balancer first(balancer_config(), policy::make({})), second(balancer_config(), policy::make({}));
  live(first, 2);
  live(second, 3);
  BalancerFigures figures;
  figures.add(first);
  figures.add(second);
  Exposition exposition;
  figures.write(exposition);
  AgentConfig agent;
  agent.address = Address::v4(0x0a00000b);
  agent.balancers = {Address::v4(0x0a000001)};
  agent.vips = balancer_config().vips;
  AgentFigures(Agent(agent)).write(exposition);  // the machine is gone, and its lock with it
  exposition.gauge("poise_test_escapes", "A \\ and\na break.", 0.5,
                   {{"label", "q\" \\ and\na break"}});
  exposition.gauge("poise_test_infinite", "No end.", std::numeric_limits<double>::infinity());
  expect_golden("metrics.txt", exposition.text());
}

TEST(Figures, PacketsOfAllQueuesAreSummedAndControlIsCountedOnce) {
  Balancer first(balancer_config(), policy::make({})), second(balancer_config(), policy::make({}));
  live(first, 2);
  live(second, 3);
  BalancerFigures figures;
  figures.add(first);
  figures.add(second);
  Exposition exposition;
  figures.write(exposition);
  const std::string text = exposition.text();
  const auto has = [&](const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("poise_balancer_drops_total{reason=\"malformed\"} 5")) << text;
  EXPECT_TRUE(has("poise_balancer_lines_total 2")) << text;
  EXPECT_TRUE(has("poise_balancer_flows_max 128")) << text;
  EXPECT_TRUE(has("poise_balancer_backend_weight{backend=\"web1\"} 3")) << text;
}

TEST(Figures, TheProcessKnowsWhatItTakes) {
  Exposition exposition;
  write_process_figures(exposition);
  const std::string text = exposition.text();
  const auto value_of = [&](const std::string& name) {
    const std::size_t found = text.find("\n" + name + " ");
    return found == std::string::npos ? -1 : std::stod(text.substr(found + name.size() + 2));
  };
  EXPECT_GT(value_of("process_cpu_seconds_total"), 0);
  EXPECT_GT(value_of("process_resident_memory_bytes"), 1e5);
  EXPECT_GE(value_of("process_open_fds"), 3);
  const auto now = static_cast<double>(::time(nullptr));
  EXPECT_LE(value_of("process_start_time_seconds"), now + 1);
  EXPECT_GT(value_of("process_start_time_seconds"), now - 3600);
}

TEST(ExpositionDeathTest, ANameThatPrometheusRefusesIsTheAuthorsMistake) {
  Exposition exposition;
  EXPECT_DEATH(exposition.gauge("poise-flows", "", 1), "");
  EXPECT_DEATH(exposition.counter("poise_flows", "", 1), "");
  exposition.gauge("poise_flows", "Flows.", 1);
  EXPECT_DEATH(exposition.gauge("poise_flows", "Flows.", 1), "");
  EXPECT_DEATH(exposition.gauge("poise_flows", "Other flows.", 1, {{"a", "b"}}), "");
}

}  // namespace
}  // namespace poise::realnet
