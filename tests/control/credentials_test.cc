// Laws of credentials: who comes up, under which name, and who is never heard of.
#include "realnet/control/credentials.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "realnet/system/error.h"
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

}  // namespace
}  // namespace poise::realnet
