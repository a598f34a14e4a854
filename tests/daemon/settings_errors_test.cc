// What broken settings are told: a golden table of one clear line for each mistake.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "model/random.h"

#include "realnet/daemon/settings/load.h"
#include "tests/daemon/temporary_file.h"
#include "tests/golden.h"

namespace poise::realnet {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

struct Broken {
  const char* what;
  const char* text;
  Texts environment = {};
  Texts flags = {};
};

constexpr const char* kGood =
    "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\", port = 80 }]\n"
    "control.plain = true\n";
constexpr const char* kGoodAgent =
    "address = \"10.0.0.11\"\nbalancers = [\"10.0.0.1\"]\nvip = [{ address = \"10.0.0.50\" }]\n"
    "control.plain = true\n";

// Appended to settings that are good.
const Broken kBrokenBalancers[] = {
    {"a misspelt word", "[policy]\nkind = \"magelv\"\n"},
    {"a misspelt key", "[packets]\nqueus = 2\n"},
    {"a misspelt section", "[polcy]\nkind = \"ring\"\n"},
    {"a key of nowhere", "colour = \"blue\"\n"},
    {"a key of an agent", "weight = 3\n"},
    {"a key without its unit", "stop_drain = 5\n"},
    {"a text for a number", "[packets]\nqueues = \"two\"\n"},
    {"a number for a text", "name = 7\n"},
    {"a name with a space", "name = \"my balancer\"\n"},
    {"a pair of three", "[[pair]]\nname = \"db\"\nmembers = [\"web1\", \"web2\", \"web3\"]\n"},
    {"a pair of one twice", "[[pair]]\nname = \"db\"\nmembers = [\"web1\", \"web1\"]\n"},
    {"a pair with a member's name", "[[pair]]\nname = \"web2\"\nmembers = [\"web1\", \"web2\"]\n"},
    {"a pair without its members", "[[pair]]\nname = \"db\"\n"},
    {"a pair of no names", "[[pair]]\nname = \"the db\"\nmembers = [\"\", \"web2\"]\n"},
    {"a section for a value", "[name]\nfirst = \"b\"\n"},
    {"a datagram beyond netlink's attributes", "[service]\nmtu = 65532\n"},
    {"not TOML", "[policy\n"},
    {"too many", "[packets]\nburst = 65\n"},
    {"queues beyond the last", "[packets]\nfirst_queue = 65535\nqueues = 2\n"},
    {"a table size that is not prime", "[policy]\ntable_size = 65536\n"},
    {"a probe too late", "control.probe_interval_s = 10\n"},
    {"a bad endpoint", "[metrics]\nlisten = \"localhost:80\"\n"},
    {"an endpoint without its port", "[metrics]\nlisten = \"127.0.0.1\"\n"},
    {"a port too large", "[metrics]\nlisten = \"127.0.0.1:65536\"\n"},
    {"an address of both kinds", "[metrics]\nlisten = \"[127.0.0.1]:80\"\n"},
    {"a log of nowhere", "[log]\nto = \"syslog\"\n"},
    {"a log without its place", "[log]\nto = \"file:poise.log\"\n"},
    {"a path that is none", "record = \"here\"\n"},
    {"a socket path too long",
     "[operator]\nsocket = \"/run/poise/"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaa\"\n"},
    {"a device of too long a name", "interface = \"a_very_long_device\"\n"},
    {"two mistakes at once", "[log]\nlevel = \"loud\"\nfold_s = -1\n"},
    {"a mistake in the environment", "", {{"POISE_PACKETS_QUEUES", "0"}}},
    {"a misspelt variable", "", {{"POISE_PACKETS_QUEUS", "2"}}},
    {"a variable of nobody's", "stop_drain_s = -1\n", {{"POISE_COLOUR", "blue"}}},
    {"a mistake in a flag", "", {}, {{"policy.kind", "ringg"}}},
    {"a flag that is no value", "", {}, {{"packets.queues", "1 2"}}},
    {"a mistake in every layer",
     "[log]\nlevel = \"loud\"\n",
     {{"POISE_SERVICE_MTU", "9"}},
     {{"packets.emit", "both"}}},
    {"a rule that a flag broke", "", {}, {{"packets.first_queue", "65536"}}},
};

// Whole files.
const Broken kBrokenCredentials[] = {
    {"nothing at all", ""},
    {"no credentials", "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\" }]\n"},
    {"two kinds of credentials",
     "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\" }]\n"
     "[control]\nplain = true\npsk_identity = \"a\"\npsk_file = \"/etc/psk\"\n"},
    {"a certificate without its key",
     "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\" }]\n"
     "[control]\ncertificate_file = \"/etc/c.pem\"\nauthority_file = \"/etc/a.pem\"\n"},
    {"an identity without its key",
     "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\" }]\n"
     "[control]\npsk_identity = \"a\"\n"},
    {"names without credentials",
     "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\" }]\n"
     "[control]\nplain = true\nallowed_names = [\"backend1\"]\n"},
    {"names of keys",
     "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\" }]\n"
     "[control]\npsk_file = \"/etc/psk\"\nallowed_names = [\"backend1\"]\n"},
    {"no vip", "address = \"10.0.0.1\"\nvip = []\ncontrol.plain = true\n"},
    {"a vip without its address",
     "address = \"10.0.0.1\"\ncontrol.plain = true\n[[vip]]\nport = 80\n"},
    {"a vip twice",
     "address = \"10.0.0.1\"\ncontrol.plain = true\n[[vip]]\naddress = \"10.0.0.50\"\n"
     "[[vip]]\naddress = \"10.0.0.50\"\n"},
    {"a vip of an unknown protocol",
     "address = \"10.0.0.1\"\ncontrol.plain = true\n[[vip]]\naddress = \"10.0.0.50\"\n"
     "protocol = \"sctp\"\n"},
};

const Broken kBrokenAgents[] = {
    {"a misspelt word", "[service]\nencapsulation = \"gui\"\n"},
    {"a key of a balancer", "[policy]\nkind = \"ring\"\n"},
    {"a weight of zero", "weight = 0\n"},
    {"a heartbeat too rare", "control.heartbeat_s = 2\n"},
    {"a first wait beyond the longest", "control.reconnect_s = 20\n"},
    {"a time below a millisecond", "control.connect_timeout_s = 0.0001\n"},
    {"an unknown check", "[health]\ncheck = \"ping\"\n"},
    {"a check of no port", "[health]\ncheck = \"tcp http\"\n"},
    {"a check of a relative command", "[health]\ncheck = \"exec check.sh\"\n"},
    {"an answer later than the next question", "[health]\ntimeout_s = 3\n"},
};

// Every line that loading prints.
template <class Load>
std::string complaints(const Broken& broken, const std::string& prefix, const char* file_name,
                       Load load) {
  const TemporaryFile file(file_name, prefix + broken.text);
  std::string out = std::string(broken.what) + "\n";
  for (const auto& [name, text] : broken.environment) out += "    " + name + "=" + text + "\n";
  std::istringstream lines(broken.text);
  for (std::string line; std::getline(lines, line);) out += "    " + line + "\n";
  for (const auto& [name, text] : broken.flags) out += "    --" + name + " " + text + "\n";
  try {
    load({file.path(), broken.environment, broken.flags});
    ADD_FAILURE() << broken.what << " was accepted";
  } catch (const SettingsError& error) {
    for (const std::string& problem : error.problems()) out += "  " + problem + "\n";
  }
  return out + "\n";
}

constexpr const char* kGoodEcho =
    "vip.listen = [\"10.0.0.50:9999\"]\ncontrol.plain = true\n"
    "[replication]\nreplicas = [\"10.0.0.1\", \"10.0.0.2\"]\nsecret_file = \"/s\"\n";

const Broken kBrokenServers[] = {
    {"a kind of TCP that is none", "", {}, {{"tcp", "failsafe"}}},
    {"a lease longer than a takeover waits", "lease_s = 0.02\n"},
    {"a lease that no heartbeat renews", "lease_s = 0.004\n"},
    {"one replica", "", {}, {{"replication.replicas", "10.0.0.1"}}},
    {"a replica of another family", "", {}, {{"replication.replicas", "10.0.0.1,::1"}}},
    {"a host that is both", "", {}, {{"replication.replicas", "10.0.0.1,10.0.0.1:7"}}},
    {"no policy", "policy = \"none\"\n"},
    {"a policy of simulated hosts", "policy = \"input\"\n"},
    {"a service without a port", "", {}, {{"vip.listen", "10.0.0.50"}}},
    {"a service twice", "", {}, {{"vip.listen", "10.0.0.50:1,10.0.0.50:1"}}},
    {"no secret", "", {}, {{"replication.secret_file", ""}}},
    {"a standby of nobody", "", {}, {{"tcp", "alone"}, {"standby", "true"}}},
    {"a pair of nobody", "", {}, {{"tcp", "alone"}, {"agent.pair", "db"}}},
    {"a pair that no line could name", "", {}, {{"agent.pair", "d b"}}},
    {"a folder that an echo server has not", "", {}, {{"folder", "/srv"}}},
};
const Broken kBrokenFileServers[] = {
    {"no folder", ""},
};
const Broken kBrokenWitnesses[] = {
    {"nowhere", ""},
    {"a lease of its own", "listen = \"10.0.0.3\"\n[replication]\nlease_s = 1\n"},
};

TEST(SettingsErrors, EveryMistakeIsNamedWithItsPlaceAndWhatIsAllowed) {
  std::string table;
  for (const Broken& broken : kBrokenBalancers)
    table += complaints(broken, kGood, "balancer.toml", load_balancer);
  for (const Broken& broken : kBrokenCredentials)
    table += complaints(broken, "", "balancer.toml", load_balancer);
  for (const Broken& broken : kBrokenAgents)
    table += complaints(broken, kGoodAgent, "agent.toml", load_agent);
  const auto load_echo = [](const Sources& from) { return load_tcp_server(Service::echo, from); };
  const auto load_files = [](const Sources& from) { return load_tcp_server(Service::files, from); };
  for (const Broken& broken : kBrokenServers)
    table += complaints(broken, kGoodEcho, "echo.toml", load_echo);
  for (const Broken& broken : kBrokenFileServers)
    table += complaints(broken, kGoodEcho, "files.toml", load_files);
  for (const Broken& broken : kBrokenWitnesses)
    table += complaints(broken, "control.plain = true\n", "witness.toml", load_witness);
  expect_golden("settings_errors.txt", table);
}

TEST(SettingsErrors, AnAgentNamesItsBalancersOnceAndInItsOwnFamily) {
  const TemporaryFile file("agent.toml",
                           "address = \"10.0.0.11\"\ncontrol.plain = true\n"
                           "vip = [{ address = \"10.0.0.50\" }]\n"
                           "balancers = [\"10.0.0.1\", \"10.0.0.1:7\", \"::1\"]\n");
  try {
    load_agent({file.path(), {}, {}});
    FAIL() << "accepted";
  } catch (const SettingsError& error) {
    EXPECT_EQ(error.problems(),
              (std::vector<std::string>{
                  "agent.toml:4: balancers names 10.0.0.1 twice",
                  "agent.toml:4: balancers names ::1, of another family than address, which is "
                  "10.0.0.11"}));
  }
}

// Any text, and any text nearly good, is settings or a list of complaints.
TEST(SettingsErrors, NothingThatStandsInAFileOrAVariableEndsTheProgram) {
  constexpr std::uint64_t kSeed = 20'251;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Rng rng(kSeed);
  std::ifstream example(std::string(POISE_SOURCE) + "/realnet/daemon/examples/balancer.toml");
  const std::string good((std::istreambuf_iterator<char>(example)), {});
  ASSERT_FALSE(good.empty());
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    std::string text = good;
    for (std::uint64_t edits = 1 + rng.below(8); edits > 0; --edits) {
      const std::size_t at = rng.below(text.size());
      if (rng.below(3) == 0)
        text.erase(at, 1 + rng.below(40));
      else
        text[at] = static_cast<char>(rng.below(256));
    }
    const TemporaryFile file("balancer.toml", text);
    const std::string value = text.substr(rng.below(text.size()), 20);
    try {
      load_balancer({file.path(), {{"POISE_VIP", value}}, {{"packets.cpus", value}}});
    } catch (const SettingsError& error) {
      ++refused;
      for (const std::string& problem : error.problems())
        EXPECT_EQ(problem.find('\n'), std::string::npos) << problem;
    }
  }
  EXPECT_GT(refused, 400);
}

}  // namespace
}  // namespace poise::realnet
