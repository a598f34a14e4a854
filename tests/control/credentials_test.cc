// Laws of credentials: who comes up, under which name, and who is never heard of.
#include "realnet/control/credentials.h"

#include <gmock/gmock.h>

#include <future>

#include "realnet/control/endpoint.h"
#include "realnet/system/process.h"
#include "tests/control/authority.h"
#include "tests/control/rig.h"

namespace poise::realnet {
namespace {

using namespace testing;
using ::testing::HasSubstr;

Credentials certified(Authority& authority, const std::string& name) {
  return Credentials::load(authority.issue({.common_name = name}));
}

// Nobody was told of anybody, and the listener lives on for those it believes.
void expect_stranger(Rig& rig, StreamCount reason) {
  EXPECT_TRUE(rig.at_listener.peers.empty());
  EXPECT_EQ(rig.count(reason), 1u);
  EXPECT_EQ(rig.count(StreamCount::authenticated), 0u);
}

TEST(Certificates, NameBothEnds) {
  Authority authority;
  Rig rig(certified(authority, "lb1"), certified(authority, "web1"));
  ASSERT_TRUE(rig.comes_up());
  const PeerId peer = rig.at_listener.peers.begin()->first;
  EXPECT_EQ(rig.listener->name_of(peer), "web1");
  EXPECT_EQ(rig.dialer->name_of(7), "lb1");
  rig.dialer->send(7, "HEALTH 200\n");
  ASSERT_TRUE(rig.until([&] { return rig.at_listener.peers[peer].text == "HEALTH 200\n"; }));
}

TEST(Certificates, ADnsNameStandsBeforeACommonName) {
  Authority authority;
  Rig rig(certified(authority, "lb1"),
          Credentials::load(authority.issue({.common_name = "cn", .dns_name = "web1.example"})));
  ASSERT_TRUE(rig.comes_up());
  EXPECT_EQ(rig.listener->name_of(rig.at_listener.peers.begin()->first), "web1.example");
}

TEST(SharedKey, NamesAPeerByItsIdentity) {
  Folder folder;
  const Credentials key = Credentials::load(key_file(folder, "web1", 0xa5));
  Rig rig(key, key);
  ASSERT_TRUE(rig.comes_up());
  EXPECT_EQ(rig.listener->name_of(rig.at_listener.peers.begin()->first), "web1");
  EXPECT_EQ(rig.dialer->name_of(7), "web1");
}

TEST(SharedKey, OfManyProvesNoName) {
  Folder folder;
  const std::string file = folder.write("many", std::string(64, 'a') + "\n");
  const Credentials key = Credentials::load(Credentials::KeyFile{file, "poise"});
  Rig rig(key, key);
  ASSERT_TRUE(rig.comes_up());
  EXPECT_EQ(rig.listener->name_of(rig.at_listener.peers.begin()->first), "");
}

TEST(SharedKey, AWrongOneIsAStranger) {
  Folder folder;
  Rig rig(Credentials::load(key_file(folder, "web1", 1)),
          Credentials::load(key_file(folder, "web1", 2)));
  ASSERT_TRUE(rig.is_refused());
  expect_stranger(rig, StreamCount::handshakes_failed);
}

TEST(SharedKey, AnUnknownIdentityIsAStranger) {
  Folder folder;
  Rig rig(Credentials::load(key_file(folder, "web1", 1)),
          Credentials::load(key_file(folder, "web2", 1)));
  ASSERT_TRUE(rig.is_refused());
  expect_stranger(rig, StreamCount::handshakes_failed);
}

TEST(Certificates, OfAnotherAuthorityAreStrangers) {
  Authority authority;
  Authority other;
  Rig rig(certified(authority, "lb1"), certified(other, "web1"));
  ASSERT_TRUE(rig.is_refused());
  expect_stranger(rig, StreamCount::handshakes_failed);
}

TEST(PlainText, AgainstTlsIsAStranger) {
  Authority authority;
  Rig rig(certified(authority, "lb1"));
  rig.dialer->open(7, rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[7].ups == 1; }));
  rig.dialer->send(7, "REGISTER web1 10.0.0.1\n");
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[7].downs == 1; }));
  expect_stranger(rig, StreamCount::handshakes_failed);
}

TEST(PlainText, AsTheConfigurationSaysHasNoNames) {
  Rig rig;
  ASSERT_TRUE(rig.comes_up());
  EXPECT_EQ(rig.listener->name_of(rig.at_listener.peers.begin()->first), "");
}

TEST(PlainText, HearsOfATlsClientOnlyGarbage) {
  Authority authority;
  Rig rig(Credentials::plain(), certified(authority, "web1"), {.handshake_timeout = 100ms});
  rig.dialer->open(7, rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[7].downs == 1; }));
  EXPECT_EQ(rig.at_dialer.ups(), 0) << "a dialer never falls back";
}

TEST(Certificates, ThatHaveExpiredAreStrangers) {
  Authority authority;
  Rig rig(certified(authority, "lb1"),
          Credentials::load(authority.issue({.common_name = "web1", .days_left = -1})));
  ASSERT_TRUE(rig.is_refused());
  expect_stranger(rig, StreamCount::handshakes_failed);
  EXPECT_THAT(rig.at_listener.log.at(0), HasSubstr("certificate has expired"));
}

TEST(Certificates, OfTheOtherSideAreStrangers) {
  Authority authority;
  Rig rig(certified(authority, "lb1"),
          Credentials::load(
              authority.issue({.common_name = "web1", .extended_key_usage = "serverAuth"})));
  ASSERT_TRUE(rig.is_refused());
  expect_stranger(rig, StreamCount::handshakes_failed);
}

TEST(Certificates, OfNamesThatAreNotAllowedAreStrangers) {
  Authority authority;
  Credentials::Certificates files = authority.issue({.common_name = "lb1"});
  files.names_allowed = {"web1", "web2"};
  Rig rig(Credentials::load(files), certified(authority, "web3"));
  ASSERT_TRUE(rig.is_refused());
  expect_stranger(rig, StreamCount::handshakes_failed);
  EXPECT_THAT(rig.at_listener.log.at(0), HasSubstr("web3 is not among those allowed"));
  rig.dialer->use(certified(authority, "web2"));
  EXPECT_TRUE(rig.comes_up(8));
}

TEST(Certificates, OfAWrongListenerAreRefusedByTheDialer) {
  Authority authority;
  Credentials::Certificates files = authority.issue({.common_name = "web1"});
  files.names_allowed = {"lb1"};
  Rig rig(certified(authority, "lb2"), Credentials::load(files));
  rig.dialer->open(7, rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[7].downs == 1; }));
  EXPECT_EQ(rig.at_dialer.ups(), 0);
}

TEST(Certificates, AreNotEnoughForTls12) {
  Authority authority;
  Rig rig(certified(authority, "lb1"));
  const Credentials::Certificates own = authority.issue({.common_name = "web1"});
  auto old = std::async(std::launch::async, [&, to = to_string(rig.listener->endpoint())] {
    return run({{"openssl", "s_client", "-tls1_2", "-connect", to, "-cert", own.certificate, "-key",
                 own.key}});
  });
  ASSERT_TRUE(rig.until([&] { return old.wait_for(0s) == std::future_status::ready; }));
  EXPECT_NE(old.get().status, 0);
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  expect_stranger(rig, StreamCount::handshakes_failed);
  EXPECT_THAT(rig.at_listener.log.at(0), HasSubstr("unsupported protocol"));
}

TEST(Certificates, AreDemanded) {
  Authority authority;
  Rig rig(certified(authority, "lb1"));
  auto nameless = std::async(std::launch::async, [&, to = to_string(rig.listener->endpoint())] {
    return run({{"openssl", "s_client", "-connect", to}, "REGISTER web1 10.0.0.1\n"});
  });
  ASSERT_TRUE(rig.until([&] { return nameless.wait_for(0s) == std::future_status::ready; }));
  ASSERT_TRUE(rig.until([&] { return rig.listener->connection_count() == 0; }));
  expect_stranger(rig, StreamCount::handshakes_failed);
  EXPECT_THAT(rig.at_listener.log.at(0), HasSubstr("peer did not return a certificate"));
}

TEST(SharedKey, DoesNotOpenACertificatesDoorAndTheOtherWayRound) {
  Authority authority;
  const Credentials key = Credentials::load(key_file(authority.folder(), "web1", 1));
  Rig one(certified(authority, "lb1"), key);
  ASSERT_TRUE(one.is_refused());
  expect_stranger(one, StreamCount::handshakes_failed);
  Rig other(key, certified(authority, "web1"));
  ASSERT_TRUE(other.is_refused());
  expect_stranger(other, StreamCount::handshakes_failed);
}

TEST(Credentials, OfAReloadAreForTheStreamsToCome) {
  Authority authority;
  Authority successor;
  Rig rig(certified(authority, "lb1"), certified(authority, "web1"));
  ASSERT_TRUE(rig.comes_up(1));
  rig.listener->use(certified(successor, "lb1"));
  rig.dialer->open(2, rig.listener->endpoint());
  ASSERT_TRUE(rig.until([&] { return rig.at_dialer.peers[2].downs == 1; }));
  rig.dialer->use(certified(successor, "web1"));
  ASSERT_TRUE(rig.comes_up(3));
  rig.dialer->send(1, "HEALTH 200\n");
  EXPECT_TRUE(rig.until([&] { return rig.at_listener.peers.begin()->second.text != ""; }));
}

}  // namespace
}  // namespace poise::realnet
