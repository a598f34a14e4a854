// What each kind of fault does to a world.
#include "model/scenario/carry_out.h"

#include <string>

#include <gtest/gtest.h>

#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

// Writes down what is asked of its network and its hosts.
class Diary {
 public:
  explicit Diary(const Topology& topology) : topology_(topology) {}

  void set_partitioned(NodeId node, bool yes) { note(yes ? "cuts off " : "joins ", name(node)); }
  void set_link(LinkId link, bool up) { note(up ? "mends " : "cuts ", name_of(link)); }
  void set_extra_delay(LinkId link, Duration extra) {
    note("delays ", name_of(link) + " by " + std::to_string(extra.count()));
  }
  void set_loss(LinkId link, double probability) {
    note("loses ", std::to_string(probability) + " on " + name_of(link));
  }
  void boot(NodeId node) { note("boots ", name(node)); }
  void crash(NodeId node) { note("crashes ", name(node)); }
  void order(NodeId node, Command::Kind kind) {
    note("orders ", std::string(to_string(kind)) + " of " + name(node));
  }
  const std::string& text() const { return text_; }

 private:
  std::string name(NodeId node) const { return topology_.nodes()[node].name; }
  std::string name_of(LinkId link) const { return topology_.links()[link].name; }
  void note(const std::string& what, const std::string& whom) { text_ = what + whom; }

  const Topology& topology_;
  std::string text_;
};

TEST(CarryOut, EachKindOfFaultDoesItsOwn) {
  const Topology topology{TopologySpec{}};
  struct Case {
    FaultKind kind;
    const char* target;
    double value;
    const char* done;
  };
  for (const Case& one : {
           Case{FaultKind::crash, "backend1", 0, "crashes backend1"},
           Case{FaultKind::restart, "backend1", 0, "boots backend1"},
           Case{FaultKind::join, "backend1", 0, "boots backend1"},
           Case{FaultKind::pause, "backend1", 0, "orders pause of backend1"},
           Case{FaultKind::resume, "backend1", 0, "orders resume of backend1"},
           Case{FaultKind::drain, "backend1", 0, "orders drain of backend1"},
           Case{FaultKind::deregister, "backend1", 0, "orders deregister of backend1"},
           Case{FaultKind::partition, "balancer1", 0, "cuts off balancer1"},
           Case{FaultKind::heal, "balancer1", 0, "joins balancer1"},
           Case{FaultKind::link_down, "client1-leaf1", 0, "cuts client1-leaf1"},
           Case{FaultKind::link_up, "client1-leaf1", 0, "mends client1-leaf1"},
           Case{FaultKind::slow, "client1-leaf1", 0.5, "delays client1-leaf1 by 500000000"},
           Case{FaultKind::lossy, "client1-leaf1", 0.25, "loses 0.250000 on client1-leaf1"},
       }) {
    Diary diary(topology);
    carry_out({.kind = one.kind, .target = one.target, .value = one.value}, topology, diary, diary);
    EXPECT_EQ(diary.text(), one.done);
  }
}

}  // namespace
}  // namespace poise::scenario
