// Laws of addresses as text.
#include "model/address.h"

#include <gtest/gtest.h>

namespace poise {
namespace {

TEST(Address, WritesWhatItReads) {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "fe80::1:0:0:2", "1:2:3:4:5:6:7:8", "1:0:0:2::3", "100::bac1:101"}) {
    const std::optional<Address> address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(Address, TellsOneHostFromMany) {
  for (const char* text : {"10.0.0.1", "1.0.0.0", "126.255.255.255", "128.0.0.1", "223.255.255.255",
                           "2001:db8::1", "fe80::1", "fd00::", "::2"})
    EXPECT_TRUE(Address::parse(text)->is_single_host()) << text;
  for (const char* text : {"0.0.0.0", "0.0.0.1", "127.0.0.1", "127.255.255.255", "224.0.0.1",
                           "239.1.2.3", "240.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"})
    EXPECT_FALSE(Address::parse(text)->is_single_host()) << text;
}

TEST(Address, RefusesNonsense) {
  for (const char* text : {"",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.-4",
                           "1.2.3.4 ",
                           ":",
                           ":::",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "12345::",
                           "g::",
                           "1:2:3:4:5:6:7:8::",
                           "::1%eth0",
                           "1:",
                           ":1",
                           "::1.2.3"})
    EXPECT_FALSE(Address::parse(text)) << text;
}

TEST(Address, MappedTextIsIpv4) {
  EXPECT_EQ(Address::parse("::ffff:10.0.0.1"), Address::v4(0x0a000001));
  EXPECT_TRUE(Address::v4(0x0a000001).is_v4());
  EXPECT_EQ(Address::v4(0x0a000001).as_v4(), 0x0a000001u);
}

TEST(Endpoint, BracketsIpv6) {
  EXPECT_EQ((Endpoint{*Address::parse("::1"), 80}).to_string(), "[::1]:80");
  EXPECT_EQ((Endpoint{*Address::parse("10.0.0.1"), 80}).to_string(), "10.0.0.1:80");
}

}  // namespace
}  // namespace poise
