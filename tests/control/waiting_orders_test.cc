// Laws of orders that wait: everybody who was asked counts once, whatever his answer is.
#include "realnet/control/waiting_orders.h"

#include <gtest/gtest.h>

#include <optional>

namespace poise::realnet {
namespace {

struct Operator {
  Reply reply() {
    return [this](const Answer& answer) { said = answer; };
  }
  std::string outcome() const { return said ? said->value("say", "") : "nothing"; }
  std::string why_not() const { return said ? said->value("error", "") : "nothing"; }

  std::optional<Answer> said;
};

TEST(WaitingOrders, AnswerWhenAllWhoWereAskedHaveAnswered) {
  WaitingOrders orders;
  Operator waits;
  orders.add("paused", {"lb1", "lb2"}, waits.reply());
  orders.take({"paused", "lb1", {}});
  orders.take({"paused", "lb1", {}});
  orders.take({"registered", "lb2", {}});
  EXPECT_FALSE(waits.said);
  orders.take({"paused", "lb2", {}});
  EXPECT_EQ(waits.outcome(), "paused at lb1, lb2");
}

TEST(WaitingOrders, AreNotAnsweredByWhomTheyDidNotAsk) {
  WaitingOrders orders;
  Operator waits;
  orders.add("deregistered", {"lb1"}, waits.reply());
  orders.take({"deregistered", "lb2", {}});  // it was being connected to, and is gone at once
  EXPECT_FALSE(waits.said);
  orders.take({"deregistered", "lb1", {}});
  EXPECT_EQ(waits.outcome(), "deregistered at lb1");
}

TEST(WaitingOrders, SayWhoRefusedWhoWasLostAndWhoDidIt) {
  WaitingOrders orders;
  Operator waits;
  orders.add("resumed", {"lb1", "lb2", "lb3", "lb4"}, waits.reply());
  orders.take({"refused", "lb1", "INVALID backend already active"});
  orders.take({"lost", "lb2", "silence"});
  orders.take({"deregistered", "lb3", {}});
  orders.take({"resumed", "lb4", {}});
  EXPECT_EQ(waits.why_not(),
            "lb1 refused: INVALID backend already active; lb2 was lost: silence; "
            "lb3 has deregistered it; resumed at lb4");
}

TEST(WaitingOrders, ARefusalIsOfTheOldestAndALossOfAll) {
  WaitingOrders orders;
  Operator first, second;
  orders.add("paused", {"lb1"}, first.reply());
  orders.add("resumed", {"lb1"}, second.reply());
  orders.take({"refused", "lb1", "INVALID backend already paused"});
  EXPECT_EQ(first.why_not(), "lb1 refused: INVALID backend already paused");
  EXPECT_FALSE(second.said);
  Operator third;
  orders.add("paused", {"lb1"}, third.reply());
  orders.take({"lost", "lb1", "silence"});
  EXPECT_EQ(second.why_not(), "lb1 was lost: silence");
  EXPECT_EQ(third.why_not(), "lb1 was lost: silence");
}

}  // namespace
}  // namespace poise::realnet
