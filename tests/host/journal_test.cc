// The laws of the journal: one owner, whole or not at all, and not trusted without reason.
#include "realnet/host/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "realnet/host/host_setup.h"
#include "realnet/host/journal_text.h"
#include "realnet/host/sysctl.h"
#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::vector<Change> kChanges{
    SysctlChange{"net/ipv6/conf/all/forwarding", "0", "1", {{"net/ipv6/conf/lo/forwarding", "1"}}},
    RulesChange{RulesFlavour::iptables, "iptables-legacy", "lb1", "out"},
    RulesChange{RulesFlavour::nft, "iptables", "lb1", ""},
    AddressChange{address("2001:db8::1"), "eth0.7"}};

class Journal : public testing::Test {
 protected:
  std::string text() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void overwrite(const std::string& with) const { std::ofstream(file_) << with; }
  std::string refused() const {
    return refusal([&] { HostJournal journal(folder_.path(), "lb1"); });
  }
  void fill() const {
    HostJournal journal(folder_.path(), "lb1");
    for (const Change& change : kChanges) journal.record(change);
  }

  Host host_;
  Folder folder_;
  std::filesystem::path file_ = HostJournal::file(folder_.path(), "lb1");
};

TEST_F(Journal, TellsTheNextLifeAllThatItWasTold) {
  fill();
  HostJournal journal(folder_.path(), "lb1");
  EXPECT_EQ(journal.changes(), kChanges);
  EXPECT_EQ(journal.find("2001:db8::1 on eth0.7"), kChanges[3]);
  EXPECT_EQ(journal.find("2001:db8::1 on eth0"), std::nullopt);
}

TEST_F(Journal, AChangeOfTheSameSubjectTakesTheOldOnesPlace) {
  fill();
  HostJournal journal(folder_.path(), "lb1");
  const SysctlChange later{"net/ipv6/conf/all/forwarding", "0", "2"};
  journal.record(later);
  ASSERT_EQ(journal.changes().size(), kChanges.size());
  EXPECT_EQ(journal.changes()[0], Change{later});
}

TEST_F(Journal, IsGoneWhenNothingIsLeftToPutBack) {
  fill();
  {
    HostJournal journal(folder_.path(), "lb1");
    journal.forget({subject(kChanges[0]), subject(kChanges[1])});
    EXPECT_EQ(journal.changes().size(), 2u);
    journal.forget({subject(kChanges[2]), subject(kChanges[3])});
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Journal, HasOneOwnerAtATime) {
  const HostJournal journal(folder_.path(), "lb1");
  const std::string file = (folder_.path() / "lb1.host.lock").string();
  EXPECT_EQ(refused(), "lock " + file + ": another process has it: \"lb1\" is running");
  EXPECT_EQ(in_child([&] {
              const HostJournal other(folder_.path(), "lb2");
              return std::string("another name is another matter");
            }),
            "another name is another matter");
  EXPECT_TRUE(std::filesystem::exists(file)) << "who was refused removed the lock";
}

TEST_F(Journal, OfAnotherNetworkNamespaceIsReported) {
  fill();
  const Host other;
  EXPECT_THAT(refused(), HasSubstr("lb1.host.json: it speaks of another network namespace"));
  host_.enter();
  EXPECT_EQ(HostJournal(folder_.path(), "lb1").changes(), kChanges);
}

TEST_F(Journal, OfAnotherNameIsReported) {
  fill();
  std::filesystem::rename(file_, HostJournal::file(folder_.path(), "lb2"));
  EXPECT_THAT(refusal([&] { HostJournal journal(folder_.path(), "lb2"); }),
              HasSubstr("not trusted: it is the journal of \"lb1\""));
}

TEST_F(Journal, FromBeforeTheLastBootIsForgotten) {
  fill();
  JournalText old = JournalText::parse(text());
  old.boot = "00000000-0000-0000-0000-000000000000";
  overwrite(old.to_json());
  EXPECT_TRUE(HostJournal(folder_.path(), "lb1").changes().empty());
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(Journal, ThatOthersMayHaveWrittenIsNotTrusted) {
  fill();
  ASSERT_EQ(::chmod(file_.c_str(), 0666), 0);
  EXPECT_THAT(refused(), HasSubstr("not trusted: others may have written it"));
  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  ASSERT_EQ(::chown(file_.c_str(), 4711, 4711), 0);
  EXPECT_THAT(refused(), HasSubstr("not trusted: others may have written it"));
}

TEST_F(Journal, ThatIsALinkIsNotFollowed) {
  fill();
  const auto elsewhere = folder_.path() / "elsewhere";
  std::filesystem::rename(file_, elsewhere);
  std::filesystem::create_symlink(elsewhere, file_);
  EXPECT_THAT(refused(), HasSubstr("Too many levels of symbolic links"));
}

TEST_F(Journal, CutAnywhereIsReportedAndNotTrusted) {
  fill();
  const std::string whole = text();
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    overwrite(whole.substr(0, length));
    ASSERT_THAT(refused(), HasSubstr("lb1.host.json: damaged, and so not trusted: "))
        << "cut at " << length;
  }
}

TEST_F(Journal, DoesNotLeadOutsideTheNetworksSwitches) {
  fill();
  const std::string whole = text();
  for (const std::string bad : {"kernel/core_pattern", "net/../kernel/core_pattern"}) {
    std::string wrong = whole;
    wrong.replace(wrong.find("net/ipv6/conf/all/forwarding"),
                  std::string("net/ipv6/conf/all/forwarding").size(), bad);
    overwrite(wrong);
    EXPECT_THAT(refused(), HasSubstr("damaged, and so not trusted: the key \"" + bad + "\""));
  }
}

TEST_F(Journal, ADraftThatALifeDiedOverIsNoJournal) {
  std::ofstream(file_.string() + ".new") << "{\"format\": \"poise h";
  EXPECT_EQ(HostSetup::undo_leftovers(folder_.path(), "lb1"), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  fill();
  EXPECT_EQ(HostJournal(folder_.path(), "lb1").changes(), kChanges);
}

TEST_F(Journal, NamesThatAreNoFileNamesAreRefused) {
  for (const char* name : {"", ".", "..", "a/b", "a b", "\n"})
    EXPECT_THAT(refusal([&] { HostJournal journal(folder_.path(), name); }), StartsWith("name \""));
}

// In a mount namespace of its own, with a file system of two pages, one of which is taken.
TEST_F(Journal, OnAFullDiskSaysSoAndKeepsWhatItHad) {
  const auto act = [&]() -> std::string {
    checked(::unshare(CLONE_NEWNS), "unshare");
    checked(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
    checked(::mount("none", folder_.path().c_str(), "tmpfs", 0, "size=16k"), "mount a tmpfs");
    HostSetup setup(folder_.path(), "lb1");
    setup.apply({.sysctls = {{"net/ipv4/conf/lo/arp_ignore", "1"}}});
    std::ofstream(folder_.path() / "filler") << std::string(64 * 1024, 'x');
    const std::string kept = text();
    std::string why;
    try {
      HostJournal::file(folder_.path(), "lb1");
      setup.apply({.sysctls = {{"net/ipv4/conf/lo/arp_ignore", "1"}},
                   .vips = {{address("192.0.2.1"), "lo"}}});
    } catch (const SystemError& error) {
      why = error.what();
    }
    if (kept.empty()) return "there was no journal";
    if (std::filesystem::exists(file_)) return "the rollback left the journal";
    if (VipAddress(address("192.0.2.1"), "lo").is_attached()) return "the host was changed";
    if (read_sysctl("net/ipv4/conf/lo/arp_ignore") != "0") return "the host was not put back";
    return why;
  };
  EXPECT_EQ(in_child(act), "write " + file_.string() + ".new: No space left on device");
}

}  // namespace
}  // namespace poise::realnet
