// Laws of registration over real streams: a Balancer behind a listener, and who gets in.
#include <gmock/gmock.h>

#include "model/balancer/balancer.h"
#include "realnet/system/clock.h"
#include "tests/control/authority.h"
#include "tests/control/rig.h"

namespace poise::realnet {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The world of a balancer that has streams and nothing else.
struct Served {
  Served(const Credentials& listening, const Credentials& dialling, const Limits& limits = {})
      : rig(listening, dialling, limits), balancer(config(), policy::make({})) {
    rig.at_listener.also_on_peer = [this](PeerId peer, PeerEvent event) {
      balancer.on_peer(now(), peer, event);
      drain(balancer, *this);
    };
    rig.at_listener.also_on_message = [this](PeerId peer, const std::string& text) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
      balancer.on_message(now(), peer, {bytes, text.size()});
      drain(balancer, *this);
    };
  }
  static BalancerConfig config() {
    BalancerConfig config;
    config.address = Address::v4(0x0a000001);
    config.vips = {{Address::v4(0x0aff0001), 6, 80}};
    return config;
  }

  void transmit(const Packet&) { ++probes; }
  void send(const Message& message) {
    if (message.kind == Message::Kind::bytes) rig.listener->send(message.peer, message.bytes);
    if (message.kind == Message::Kind::close) rig.listener->close(message.peer);
  }
  void notice(const Notice&) {}
  void wake_at(Instant) {}

  // What comes back for some bytes, up to the first line or the end.
  std::string says(const std::string& bytes, PeerId peer = 7) {
    rig.dialer->send(peer, bytes);
    Diary::Entry& entry = rig.at_dialer.peers[peer];
    rig.until([&] { return entry.text.ends_with('\n') || entry.downs > 0; });
    return entry.text;
  }
  // Waits until a backend of that name is being proved.
  bool registers(const std::string& name) {
    return rig.until([&] { return balancer.backends().find(name) != nullptr; });
  }

  Rig rig;
  Balancer balancer;
  int probes = 0;
};

TEST(RegistrationOverStreams, TakesTheNameThatIsProved) {
  Authority authority;
  Served served(Credentials::load(authority.issue({.common_name = "lb1"})),
                Credentials::load(authority.issue({.common_name = "web1"})));
  ASSERT_TRUE(served.rig.comes_up());
  served.rig.dialer->send(7, "REGISTER web1 10.0.1.1\n");
  EXPECT_TRUE(served.registers("web1"));
  EXPECT_GT(served.probes, 0);
}

TEST(RegistrationOverStreams, RefusesAnotherNameHoweverItIsCut) {
  Authority authority;
  Served served(Credentials::load(authority.issue({.common_name = "lb1"})),
                Credentials::load(authority.issue({.common_name = "web1"})));
  PeerId peer = 1;
  for (const std::string line :
       {"REGISTER web2 10.0.1.2\n", "REGISTER  web2 10.0.1.2\r\n", "  REGISTER web2 10.0.1.2\n",
        "HEALTH 200\nREGISTER web2 10.0.1.2\n", "REGISTER web10 10.0.1.2\n"}) {
    ASSERT_TRUE(served.rig.comes_up(++peer));
    const std::size_t half = line.size() / 2;
    served.rig.dialer->send(peer, line.substr(0, half));
    ASSERT_TRUE(served.rig.until(
        [&] { return served.rig.at_listener.peers.rbegin()->second.text.size() == half; }));
    served.rig.dialer->send(peer, line.substr(half));
    ASSERT_TRUE(served.rig.until([&] { return served.rig.at_dialer.peers[peer].downs == 1; }));
    EXPECT_THAT(served.rig.at_dialer.peers[peer].text,
                HasSubstr("INVALID registration failed: you are web1, not web"));
  }
  EXPECT_TRUE(served.balancer.backends().by_name().empty());
  EXPECT_EQ(served.rig.count(StreamCount::names_refused), 5u);
  EXPECT_EQ(served.rig.at_listener.downs(), 5) << "the machine hears that they are gone";
}

TEST(RegistrationOverStreams, HoldsNobodyToANameThatIsNotProved) {
  Folder folder;
  const std::string file = folder.write("many", std::string(64, 'a'));
  const Credentials many = Credentials::load(Credentials::KeyFile{file, "poise"});
  Served served(many, many);
  ASSERT_TRUE(served.rig.comes_up());
  served.rig.dialer->send(7, "REGISTER web5 10.0.1.5\n");
  EXPECT_TRUE(served.registers("web5"));
}

TEST(RegistrationOverStreams, AnswersAGiantLineAndHangsUp) {
  Served served(Credentials::plain(), Credentials::plain());
  ASSERT_TRUE(served.rig.comes_up(7));
  ASSERT_TRUE(served.rig.comes_up(8));
  EXPECT_THAT(served.says(std::string(200'000, 'x')), StartsWith("INVALID line longer than 512"));
  EXPECT_TRUE(served.rig.until([&] { return served.rig.at_dialer.peers[7].downs == 1; }));
  served.rig.dialer->send(8, "REGISTER web1 10.0.1.1\n");
  EXPECT_TRUE(served.registers("web1")) << "and nobody else is harmed";
}

TEST(RegistrationOverStreams, AnswersGarbage) {
  Served served(Credentials::plain(), Credentials::plain());
  ASSERT_TRUE(served.rig.comes_up());
  std::string garbage;
  for (int i = 0; i < 256; ++i) garbage += static_cast<char>(i == '\n' ? ' ' : i);
  EXPECT_THAT(served.says(garbage + "\n"), StartsWith("INVALID first token of message ("));
}

}  // namespace
}  // namespace poise::realnet
