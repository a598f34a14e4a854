// The journal's file, word for word.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "realnet/host/change.h"

namespace poise::realnet {

//   {"format": "poise host journal 1",
//    "name": "lb1", "boot": "<boot id>", "namespace": <cookie of the network namespace>,
//    "changes": [
//      {"kind": "sysctl", "key": "net/ipv4/conf/eth0/rp_filter", "before": "1", "after": "2",
//       "followers": {}},
//      {"kind": "rules", "flavour": "iptables", "program": "iptables", "part": ""},
//      {"kind": "address", "address": "192.0.2.1", "interface": "eth0"},
//      {"kind": "blackhole", "address": "192.0.2.1"}]}
struct JournalText {
  std::string name, boot;
  std::uint64_t namespace_cookie = 0;
  std::vector<Change> changes;

  std::string to_json() const;
  // Throws std::runtime_error that says what is wrong with it.
  static JournalText parse(const std::string& json);
};

}  // namespace poise::realnet
