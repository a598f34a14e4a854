// What one replica does with what it hears: laws that need a word in the wrong moment.
#include "tests/tcp_host/hand.h"

namespace poise::tcp::testing {
namespace {

using namespace std::chrono_literals;

using Standby = Hand;

// Of a record whose numbers are beyond its bytes nothing could be read or sent.
TEST_F(Standby, RefusesARecordWithoutItsBytes) {
  const std::vector<std::uint8_t> bytes(50, 'x');
  const auto refuses = [&](const Record& record) {
    stand_by({});
    hears(kReplicaPeer, Batch{2, 2, {record}});
    return closed(kReplicaPeer) == 1;
  };
  Record record;
  record.received = 50;
  record.arrived[0] = {0, bytes};
  record.arrived_count = 1;
  EXPECT_FALSE(refuses(record));
  record.received = 51;
  EXPECT_TRUE(refuses(record));
  record.received = 150;
  record.arrived[1] = {100, bytes};  // and a hole below
  record.arrived_count = 2;
  EXPECT_TRUE(refuses(record));
  record.arrived[2] = {50, bytes};
  record.arrived_count = 3;
  EXPECT_FALSE(refuses(record));
  record.fin_at = 151;
  EXPECT_TRUE(refuses(record));

  Record sent;
  sent.written = 50;
  EXPECT_TRUE(refuses(sent));
  sent.sent = Extent{0, bytes};
  EXPECT_FALSE(refuses(sent));
  sent.written = 51;
  EXPECT_TRUE(refuses(sent));
}

}  // namespace
}  // namespace poise::tcp::testing
