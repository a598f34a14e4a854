// Laws of the files of credentials: what is wrong with one is said at once, by name.
#include <gmock/gmock.h>

#include "realnet/control/credentials.h"
#include "realnet/system/error.h"
#include "realnet/system/process.h"
#include "tests/control/authority.h"

namespace poise::realnet {
namespace {

using namespace testing;
using ::testing::HasSubstr;

template <class Files>
std::string complaint(const Files& files) {
  try {
    Credentials::load(files);
  } catch (const SystemError& error) {
    return error.what();
  }
  return "";
}

TEST(CertificateFiles, AreNamedWhenTheyAreMissing) {
  Authority authority;
  for (const auto file : {&Credentials::Certificates::certificate, &Credentials::Certificates::key,
                          &Credentials::Certificates::authority}) {
    Credentials::Certificates files = authority.issue({.common_name = "lb1"});
    files.*file = "/nowhere/lb1.pem";
    EXPECT_EQ(complaint(files), "read /nowhere/lb1.pem: No such file or directory");
  }
}

TEST(CertificateFiles, AreNamedWhenTheyAreGarbage) {
  Authority authority;
  const std::string garbage = authority.folder().write("garbage", "not PEM\n");
  for (const auto file : {&Credentials::Certificates::certificate, &Credentials::Certificates::key,
                          &Credentials::Certificates::authority}) {
    Credentials::Certificates files = authority.issue({.common_name = "lb1"});
    files.*file = garbage;
    EXPECT_THAT(complaint(files), HasSubstr("read " + garbage + ": no PEM"));
  }
}

TEST(CertificateFiles, MustBelongTogether) {
  Authority authority;
  Credentials::Certificates files = authority.issue({.common_name = "lb1"});
  files.key = authority.issue({.common_name = "lb2"}).key;
  EXPECT_THAT(complaint(files),
              HasSubstr("use " + files.key + ": it is not the certificate's key"));
}

TEST(CertificateFiles, MustCarryAName) {
  Authority authority;
  const Credentials::Certificates files = authority.issue({});
  EXPECT_THAT(complaint(files), HasSubstr("neither a DNS name nor a common name"));
}

TEST(CertificateFiles, MayNotShowTheirKey) {
  Authority authority;
  const Credentials::Certificates files = authority.issue({.common_name = "lb1"});
  for (const auto mode :
       {std::filesystem::perms::group_read, std::filesystem::perms::others_read}) {
    std::filesystem::permissions(files.key, std::filesystem::perms::owner_read | mode);
    EXPECT_THAT(complaint(files), HasSubstr("read " + files.key + ": it is a secret"));
  }
  std::filesystem::permissions(files.key, std::filesystem::perms::owner_read);
  EXPECT_EQ(complaint(files), "");
}

TEST(CertificateFiles, WithAPassphraseAskNobody) {
  Authority authority;
  Credentials::Certificates files = authority.issue({.common_name = "lb1"});
  const std::string locked = authority.folder().write("locked", "");
  run_checked({{"openssl", "pkcs8", "-topk8", "-in", files.key, "-out", locked, "-passout",
                "pass:secret"}});
  files.key = locked;
  EXPECT_THAT(complaint(files), HasSubstr("no PEM key without a passphrase"));
}

TEST(KeyFile, IsRefusedForEachOfItsMistakesWithoutShowingAKey) {
  Folder folder;
  const std::string good(64, 'a');
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "no key stands in it"},
      {"# only a remark\n", "no key stands in it"},
      {"web1:" + good.substr(2) + "\n", "line 1: the key has 31 bytes; allowed: 32 to 64"},
      {"web1:" + std::string(130, 'b') + "\n", "line 1: the key has 65 bytes"},
      {"\nweb1:" + good + "g\n", "line 2: the key is not hexadecimal"},
      {"web1:" + good.substr(1) + "+\n", "line 1: the key is not hexadecimal"},
      {"web1:" + good + "\nweb1:" + good + "\n", "line 2: there are two keys of web1"},
      {good + "\n", "line 1: a key needs an identity"},
      {":" + good + "\n", "line 1: a key needs an identity"},
      {std::string(65, 'x') + ":" + good + "\n", "line 1: a key needs an identity"}};
  for (const auto& [text, what] : cases) {
    const Credentials::KeyFile file{folder.write("keys", text), ""};
    EXPECT_THAT(complaint(file), HasSubstr("read " + file.path + ": " + what));
    EXPECT_THAT(complaint(file), ::testing::Not(HasSubstr("aaaa")));
  }
}

TEST(KeyFile, MustKnowTheIdentityThatIsShown) {
  Folder folder;
  Credentials::KeyFile file = key_file(folder, "web1", 1);
  file.identity = "web2";
  EXPECT_THAT(complaint(file), HasSubstr("no key of \"web2\" stands in it"));
}

TEST(KeyFile, MayNotBeReadByOthers) {
  Folder folder;
  const Credentials::KeyFile file{folder.write("keys", "web1:" + std::string(64, 'a'), 0640), ""};
  EXPECT_THAT(complaint(file), HasSubstr("its mode is 0640; chmod 600 it"));
}

}  // namespace
}  // namespace poise::realnet
