// What a node's routing knows, as `ip` commands.
#include "realnet/lab/ways.h"

namespace poise::realnet::lab {

namespace {

constexpr int kBuckets = 256;                     // of a resilient group: shares are exact to 1/256
constexpr std::uint32_t kFirstGroup = 1'000'000;  // numbers below are those of links

std::string number_of(scenario::LinkId link) {
  return std::to_string(link + 1);  // 0 is no number
}

std::string number_of_group(std::uint32_t group) {
  return std::to_string(kFirstGroup + group);
}

std::string replace_group(std::uint32_t group, const std::vector<Way>& ways, bool resilient) {
  std::string line = "nexthop replace id " + number_of_group(group) + " group ";
  for (const Way& way : ways)
    line +=
        (&way == &ways.front() ? "" : "/") + number_of(way.link) + "," + std::to_string(way.weight);
  if (resilient) line += " type resilient buckets " + std::to_string(kBuckets) + " idle_timer 0";
  return line;
}

}  // namespace

std::vector<std::string> commands_between(const Ways& before, const Ways& after, bool resilient) {
  std::vector<std::string> lines;
  for (const auto& [group, ways] : after.groups) {
    const auto old = before.groups.find(group);
    if (old == before.groups.end() || old->second != ways)
      lines.push_back(replace_group(group, ways, resilient));
  }
  for (const auto& [address, group] : after.routes) {
    const auto old = before.routes.find(address);
    if (old == before.routes.end() || old->second != group || !before.groups.contains(group))
      lines.push_back("route replace " + Address::v4(address).to_string() + "/32 nhid " +
                      number_of_group(group));
  }
  for (const auto& [address, group] : before.routes)
    if (!after.routes.contains(address))
      lines.push_back("route delete " + Address::v4(address).to_string() + "/32");
  for (const auto& [group, ways] : before.groups)
    if (!after.groups.contains(group))
      lines.push_back("nexthop delete id " + number_of_group(group));
  return lines;
}

std::string device_of(scenario::LinkId link) {
  return "link" + std::to_string(link);
}

std::string add_next_hop(scenario::LinkId link) {
  return "nexthop add id " + number_of(link) + " via 169.254.0.1 dev " + device_of(link) +
         " onlink";
}

}  // namespace poise::realnet::lab
