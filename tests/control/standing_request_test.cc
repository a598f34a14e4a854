// Laws of a standing request: whoever listens knows what is true now, whenever it begins to listen.
#include "realnet/control/standing_request.h"

#include <set>
#include <vector>

#include "tests/control/operator_rig.h"

namespace poise::realnet {
namespace {

using namespace testing;
using nlohmann::json;

constexpr std::chrono::milliseconds kRetry{5};

struct Listener {
  explicit Listener(bool agrees = true, const OperatorLimits& limits = {})
      : rig(
            [this, agrees](const json& asked, const Reply& reply) {
              heard.push_back(asked.at("epoch"));
              reply(agrees ? done("noted") : refused("not from you"));
            },
            limits) {}

  std::vector<int> heard;
  OperatorRig rig;
};

std::string epoch(int number) {
  return R"({"do":"replica","epoch":)" + std::to_string(number) + "}";
}

TEST(StandingRequest, SaysWhatIsTrueNowOnce) {
  Listener agent;
  StandingRequest request(agent.rig.io, agent.rig.path, {}, kRetry);
  request.say(epoch(1));
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  request.say(epoch(1));
  request.say(epoch(2));
  EXPECT_FALSE(request.heard());
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  EXPECT_EQ(agent.heard, (std::vector{1, 2}));
}

TEST(StandingRequest, LeavesOutWhatIsNotTrueAnyMore) {
  Listener agent;
  StandingRequest request(agent.rig.io, agent.rig.path, {}, kRetry);
  for (int number = 1; number <= 4; ++number) request.say(epoch(number));
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  EXPECT_EQ(agent.heard, (std::vector{4}));
}

TEST(StandingRequest, TellsWhoeverListensThereNext) {
  Listener agent;
  StandingRequest request(agent.rig.io, agent.rig.path, {}, kRetry);
  request.say(epoch(3));
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  agent.rig.server.reset();  // it died
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return !request.heard(); }));
  request.say(epoch(5));
  agent.rig.server = std::make_unique<OperatorServer>(agent.rig.io, agent.rig.path,
                                                      [&](const json& asked, const Reply& reply) {
                                                        agent.heard.push_back(asked.at("epoch"));
                                                        reply(done("noted"));
                                                      });
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  EXPECT_EQ(agent.heard, (std::vector{3, 5}));
}

TEST(StandingRequest, IsNotHungUpOnForItsSilence) {
  const OperatorLimits limits{.idle_max = 1s};
  Listener agent(true, limits);
  StandingRequest request(agent.rig.io, agent.rig.path, {}, kRetry, limits.idle_max / 20);
  request.say(epoch(1));
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  const auto end = std::chrono::steady_clock::now() + limits.idle_max * 3 / 2;
  bool was_unheard = false;
  EXPECT_TRUE(run_until(agent.rig.io, [&] {
    was_unheard = was_unheard || !request.heard();
    return std::chrono::steady_clock::now() >= end;
  }));
  EXPECT_FALSE(was_unheard);
  EXPECT_EQ(std::set(agent.heard.begin(), agent.heard.end()), std::set{1});
  request.say(epoch(2));
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return request.heard(); }));
  EXPECT_EQ(agent.heard.back(), 2);
}

TEST(StandingRequest, IsNotHeardByWhoRefuses) {
  Listener agent(false);
  std::string log;
  StandingRequest request(
      agent.rig.io, agent.rig.path, [&](const std::string& line) { log += line; }, kRetry);
  request.say(epoch(1));
  ASSERT_TRUE(run_until(agent.rig.io, [&] { return !log.empty(); }));
  EXPECT_FALSE(request.heard());
  EXPECT_NE(log.find("not from you"), std::string::npos) << log;
}

TEST(StandingRequest, IsNotHeardByWhoAnswersNonsense) {
  for (const json& nonsense : {json("yes"), json(1), json()}) {
    OperatorRig rig([&](const json&, const Reply& reply) { reply({{"ok", nonsense}}); });
    std::string log;
    StandingRequest request(
        rig.io, rig.path, [&](const std::string& line) { log += line; }, kRetry);
    request.say(epoch(1));
    ASSERT_TRUE(run_until(rig.io, [&] { return !log.empty(); }));
    EXPECT_FALSE(request.heard());
  }
}

TEST(StandingRequest, MayEndInTheMiddleOfIt) {
  Listener agent;
  auto request = std::make_unique<StandingRequest>(agent.rig.io, agent.rig.path,
                                                   std::function<void(std::string)>(), kRetry);
  request->say(epoch(1));
  request.reset();
  EXPECT_FALSE(run_until(
      agent.rig.io, [&] { return !agent.heard.empty(); }, 50ms));
}

}  // namespace
}  // namespace poise::realnet
