// The laws of the backend set: membership, states, slow start, stale references.
#include "model/backend/backend_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace poise {
namespace {

using namespace std::chrono_literals;
using AddOutcome = BackendSet::AddOutcome;
using enum BackendState;
using enum BackendSign;

constexpr Instant at(Duration d) {
  return Instant{} + d;
}
const Address kAddress = *Address::parse("10.0.0.1");

BackendRef add(BackendSet& set, std::string_view name, std::uint32_t weight = 1) {
  const auto added = set.add(at(0s), name, kAddress, weight);
  EXPECT_EQ(added.outcome, AddOutcome::ok);
  return added.ref;
}

BackendRef add_active(BackendSet& set, std::string_view name, std::uint32_t weight = 1) {
  const BackendRef ref = add(set, name, weight);
  EXPECT_TRUE(set.apply(at(0s), ref, proved).allowed);
  return ref;
}

std::string weights(const BackendSet& set) {
  std::string text;
  for (const policy::Candidate& c : set.candidates())
    text += c.name + ":" + std::to_string(c.weight) + "/" + std::to_string(c.weight_unit) + " ";
  return text;
}

TEST(BackendSet, ABackendEntersAsRegisteringAndIsNotChosenBeforeItsDataPathIsProved) {
  BackendSet set;
  const BackendRef ref = add(set, "web1");
  EXPECT_EQ(set.find(ref)->state, registering);
  EXPECT_TRUE(set.candidates().empty());
  EXPECT_TRUE(set.apply(at(1s), ref, proved).allowed);
  EXPECT_EQ(weights(set), "web1:1/1 ");
  EXPECT_EQ(set.find(ref)->since, at(1s));
}

TEST(BackendSet, RefusesADuplicateName) {
  BackendSet set;
  add(set, "web1");
  EXPECT_EQ(set.add(at(0s), "web1", kAddress).outcome, AddOutcome::duplicate_name);
  EXPECT_EQ(set.size(), 1u);
}

TEST(BackendSet, RefusesABadName) {
  BackendSet set;
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("web\n"), std::string("w\0b", 3),
        std::string("w\xc3\xa4"), std::string(65, 'a')})
    EXPECT_EQ(set.add(at(0s), name, kAddress).outcome, AddOutcome::bad_name) << name;
  EXPECT_EQ(set.add(at(0s), std::string(64, 'a'), kAddress).outcome, AddOutcome::ok);
  EXPECT_EQ(set.add(at(0s), "A.z_0-9", kAddress).outcome, AddOutcome::ok);
}

TEST(BackendSet, RefusesAWeightOutOfBounds) {
  BackendSet set;
  EXPECT_EQ(set.add(at(0s), "a", kAddress, 0).outcome, AddOutcome::bad_weight);
  EXPECT_EQ(set.add(at(0s), "a", kAddress, 65536).outcome, AddOutcome::bad_weight);
  const BackendRef ref = add(set, "a", 65535);
  EXPECT_FALSE(set.set_weight(ref, 0));
  EXPECT_TRUE(set.set_weight(ref, 7));
}

TEST(BackendSet, IsFullAtItsMaximumAndNotAfterARemoval) {
  BackendSet set({.count_max = 2});
  const BackendRef a = add(set, "a");
  add(set, "b");
  EXPECT_EQ(set.add(at(0s), "c", kAddress).outcome, AddOutcome::full);
  EXPECT_TRUE(set.remove(a));
  EXPECT_EQ(set.add(at(0s), "c", kAddress).outcome, AddOutcome::ok);
}

TEST(BackendSet, RefusesAConfigurationOutOfBounds) {
  EXPECT_THROW(BackendSet({.count_max = 0}), std::invalid_argument);
  EXPECT_THROW(BackendSet({.count_max = 65535}), std::invalid_argument);
  EXPECT_THROW(BackendSet({.count_max = 1, .slow_start = -1ns}), std::invalid_argument);
}

TEST(BackendSet, AReferenceToARemovedBackendIsStaleEvenWhenItsIndexIsUsedAgain) {
  BackendSet set({.count_max = 1});
  const BackendRef old_ref = add_active(set, "a");
  EXPECT_TRUE(set.keeps(old_ref));
  EXPECT_TRUE(set.remove(old_ref));
  EXPECT_EQ(set.find(old_ref), nullptr);
  EXPECT_FALSE(set.keeps(old_ref));
  const BackendRef new_ref = add_active(set, "b");
  EXPECT_EQ(new_ref.index, old_ref.index);
  EXPECT_NE(new_ref.generation, old_ref.generation);
  EXPECT_EQ(set.find(old_ref), nullptr);
  EXPECT_FALSE(set.remove(old_ref));
  EXPECT_FALSE(set.apply(at(1s), old_ref, lost).allowed);
  EXPECT_EQ(set.find(new_ref)->name, "b");
}

TEST(BackendSet, AnIndexRestsAsLongAsPossibleBeforeItIsUsedAgain) {
  BackendSet set({.count_max = 3});
  const BackendRef a = add(set, "a");
  EXPECT_TRUE(set.remove(a));
  EXPECT_EQ(add(set, "b").index, 1);
  EXPECT_EQ(add(set, "c").index, 2);
  EXPECT_EQ(add(set, "d").index, 0);
}

TEST(BackendSet, AnUnusedIndexIsNobody) {
  BackendSet set;
  EXPECT_EQ(set.find(BackendRef{}), nullptr);
  EXPECT_EQ(set.find(BackendRef{.index = 3, .generation = 0}), nullptr);
  EXPECT_FALSE(set.keeps(BackendRef{.index = 3, .generation = 0}));
  EXPECT_FALSE(set.keeps(BackendRef{}));
}

TEST(BackendSet, CandidatesStandInTheOrderOfTheirNamesWhateverTheOrderOfAdding) {
  BackendSet set;
  for (const char* name : {"web3", "web10", "web1", "a"}) add_active(set, name);
  EXPECT_EQ(weights(set), "a:1/1 web1:1/1 web10:1/1 web3:1/1 ");
  std::vector<std::string> names;
  for (const BackendIndex index : set.by_name()) names.push_back(set[index].name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "web1", "web10", "web3"}));
}

TEST(BackendSet, OnlyAnActiveBackendTakesNewFlowsAndADrainingOneKeepsItsOwn) {
  struct Row {
    BackendState state;
    bool takes, keeps;
  };
  for (const Row& row :
       {Row{registering, false, false}, Row{active, true, true}, Row{draining, false, true},
        Row{paused, false, false}, Row{down, false, false}}) {
    EXPECT_EQ(takes_new_flows(row.state), row.takes) << to_string(row.state);
    EXPECT_EQ(keeps_old_flows(row.state), row.keeps) << to_string(row.state);
  }
}

// The picture of the README as a grid: rows are states, columns signs, "." is refused.
TEST(BackendSet, FollowsThePicture) {
  std::string grid;
  for (const BackendState from : {registering, active, draining, paused, down}) {
    for (const BackendSign sign : {proved, pause, drain, drained, resume, lost, returned}) {
      const auto to = next_state(from, sign);
      grid += to ? to_string(*to) : ".";
      grid += " ";
    }
    grid += "\n";
  }
  EXPECT_EQ(grid,
            "active . . . . down . \n"
            ". paused draining . . down . \n"
            ". paused . paused active down . \n"
            ". . . . active down . \n"
            ". . . . . . registering \n");
}

TEST(BackendSet, ARefusedSignChangesNothing) {
  BackendSet set;
  const BackendRef ref = add_active(set, "a");
  const std::uint64_t before = set.digest();
  const auto applied = set.apply(at(5s), ref, resume);
  EXPECT_FALSE(applied.allowed);
  EXPECT_EQ(applied.from, active);
  EXPECT_EQ(applied.to, active);
  EXPECT_EQ(set.digest(), before);
}

TEST(BackendSet, PausingThenRemovingOneLeavesTheOthers) {  // Caplance's drain lost a healthy one
  BackendSet set;
  const BackendRef b1 = add_active(set, "b1");
  add_active(set, "b2");
  add_active(set, "b3");
  EXPECT_TRUE(set.apply(at(1s), b1, pause).allowed);
  EXPECT_EQ(weights(set), "b2:1/1 b3:1/1 ");
  EXPECT_TRUE(set.remove(b1));
  EXPECT_EQ(weights(set), "b2:1/1 b3:1/1 ");
}

TEST(BackendSet, StatesForTheDataPathFollow) {
  BackendSet set;
  const BackendRef ref = add(set, "a");
  EXPECT_EQ(set.states()[ref.index], registering);
  EXPECT_TRUE(set.apply(at(0s), ref, proved).allowed);
  EXPECT_EQ(set.states()[ref.index], active);
  EXPECT_TRUE(set.apply(at(0s), ref, drain).allowed);
  EXPECT_EQ(set.states()[ref.index], draining);
  EXPECT_TRUE(set.remove(ref));
  EXPECT_EQ(set.states()[ref.index], down);
}

TEST(BackendSet, VersionMovesExactlyWithTheCandidates) {
  BackendSet set({.count_max = 8, .slow_start = 80ms});
  Rng rng(11);
  std::map<std::uint64_t, std::string> seen;
  std::string before = weights(set);
  std::uint64_t version = set.version();
  std::vector<BackendRef> refs;
  Instant now{};
  for (int step = 0; step < 20000; ++step) {
    now += Duration{rng.below(10'000'000)};
    switch (rng.below(8)) {
      case 0: {
        const auto added = set.add(now, std::string(1, static_cast<char>('a' + rng.below(12))),
                                   kAddress, static_cast<std::uint32_t>(1 + rng.below(3)));
        if (added.outcome == AddOutcome::ok) refs.push_back(added.ref);
        break;
      }
      case 1:
        if (!refs.empty() && rng.below(4) == 0) set.remove(refs[rng.below(refs.size())]);
        break;
      case 2:
        if (!refs.empty())
          set.set_weight(refs[rng.below(refs.size())],
                         static_cast<std::uint32_t>(1 + rng.below(3)));
        break;
      case 3:
        set.advance(now);
        break;
      default:
        if (!refs.empty())
          (void)set.apply(now, refs[rng.below(refs.size())],
                          static_cast<BackendSign>(rng.below(7)));
    }
    const std::string after = weights(set);
    if (after != before) {
      ASSERT_NE(set.version(), version) << "step " << step << ": " << before << " -> " << after;
    }
    const auto [place, is_new] = seen.emplace(set.version(), after);
    ASSERT_EQ(place->second, after) << "one version, two sets of candidates, at step " << step;
    before = after;
    version = set.version();
  }
}

TEST(SlowStart, AReturningBackendGrowsFromAnEighthToItsWhole) {
  BackendSet set({.count_max = 8, .slow_start = 80ms});
  const BackendRef a = add_active(set, "a");
  add_active(set, "b", 3);
  set.advance(at(1s));
  EXPECT_EQ(weights(set), "a:1/1 b:3/1 ");
  EXPECT_EQ(set.next_deadline(), kNever);

  EXPECT_TRUE(set.apply(at(1s), a, lost).allowed);
  EXPECT_EQ(weights(set), "b:3/1 ");
  EXPECT_TRUE(set.apply(at(2s), a, returned).allowed);
  EXPECT_TRUE(set.apply(at(2s), a, proved).allowed);
  EXPECT_EQ(weights(set), "a:1/8 b:24/8 ");
  for (std::uint32_t step = 2; step <= 7; ++step) {
    const Instant due = at(2s + 10ms * (step - 1));
    EXPECT_EQ(set.next_deadline(), due);
    set.advance(due - 1ns);
    EXPECT_EQ(set.next_deadline(), due) << "an early call is harmless";
    set.advance(due);
    EXPECT_EQ(weights(set), "a:" + std::to_string(step) + "/8 b:24/8 ");
  }
  set.advance(at(2s + 70ms));
  EXPECT_EQ(weights(set), "a:1/1 b:3/1 ") << "all whole: the weights are exactly those given";
  EXPECT_EQ(set.next_deadline(), kNever);
}

TEST(SlowStart, ALateCallTakesAllStepsThatAreDue) {
  BackendSet set({.count_max = 8, .slow_start = 80ms});
  add_active(set, "a");
  set.advance(at(45ms));
  EXPECT_EQ(weights(set), "a:5/8 ");
  set.advance(at(1h));
  EXPECT_EQ(weights(set), "a:1/1 ");
}

TEST(SlowStart, ADrainTakenBackFindsAWarmBackend) {
  BackendSet set({.count_max = 8, .slow_start = 80ms});
  const BackendRef a = add_active(set, "a");
  set.advance(at(1s));
  EXPECT_TRUE(set.apply(at(1s), a, drain).allowed);
  EXPECT_TRUE(set.apply(at(2s), a, resume).allowed);
  EXPECT_EQ(weights(set), "a:1/1 ");
}

TEST(SlowStart, RemovingTheGrowingBackendEndsTheDeadline) {
  BackendSet set({.count_max = 8, .slow_start = 80ms});
  const BackendRef a = add_active(set, "a");
  EXPECT_NE(set.next_deadline(), kNever);
  EXPECT_TRUE(set.remove(a));
  EXPECT_EQ(set.next_deadline(), kNever);
}

TEST(BackendSet, DigestTellsWhatTheNextEventsWillDo) {
  BackendSet a({.count_max = 4}), b({.count_max = 4});
  EXPECT_EQ(a.digest(), b.digest());
  const BackendRef ref = add(a, "x");
  EXPECT_NE(a.digest(), b.digest());
  EXPECT_TRUE(a.remove(ref));
  EXPECT_NE(a.digest(), b.digest()) << "the next index differs";
}

}  // namespace
}  // namespace poise
