// The journal's file, word for word.
#include "realnet/host/journal_text.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace poise::realnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "poise host journal 1";

Json json_of(const SysctlChange& change) {
  return {{"kind", "sysctl"},
          {"key", change.key},
          {"before", change.before},
          {"after", change.after},
          {"followers", change.followers}};
}

Json json_of(const RulesChange& change) {
  return {{"kind", "rules"},
          {"flavour", change.flavour == RulesFlavour::nft ? "nft" : "iptables"},
          {"program", change.program},
          {"part", change.part}};
}

Json json_of(const AddressChange& change) {
  return {{"kind", "address"},
          {"address", change.address.to_string()},
          {"interface", change.interface}};
}

Json json_of(const BlackholeChange& change) {
  return {{"kind", "blackhole"}, {"address", change.address.to_string()}};
}

Address address_of(const std::string& text) {
  const auto address = Address::parse(text);
  if (!address) throw std::runtime_error("the address \"" + text + "\"");
  return *address;
}

// A journal must not lead us to write outside the network's switches.
void check_key(const std::string& key) {
  if (key.rfind("net/", 0) != 0 || key.find("..") != std::string::npos)
    throw std::runtime_error("the key \"" + key + "\"");
}

Change change_of(const Json& json, const std::string& name) {
  const std::string kind = json.at("kind");
  if (kind == "sysctl") {
    SysctlChange change{json.at("key"), json.at("before"), json.at("after"), json.at("followers")};
    check_key(change.key);
    for (const auto& [key, value] : change.followers) check_key(key);
    return change;
  }
  if (kind == "rules") {
    const std::string flavour = json.at("flavour");
    if (flavour != "nft" && flavour != "iptables")
      throw std::runtime_error("the flavour \"" + flavour + "\"");
    return RulesChange{flavour == "nft" ? RulesFlavour::nft : RulesFlavour::iptables,
                       json.at("program"), name, json.at("part")};
  }
  if (kind == "address") return AddressChange{address_of(json.at("address")), json.at("interface")};
  if (kind == "blackhole") return BlackholeChange{address_of(json.at("address"))};
  throw std::runtime_error("a change of kind \"" + kind + "\"");
}

}  // namespace

std::string JournalText::to_json() const {
  Json json{{"format", kFormat},
            {"name", name},
            {"boot", boot},
            {"namespace", namespace_cookie},
            {"changes", Json::array()}};
  for (const Change& change : changes)
    json["changes"].push_back(std::visit([](const auto& c) { return json_of(c); }, change));
  return json.dump(1) + "\n";
}

JournalText JournalText::parse(const std::string& json) {
  const Json root = Json::parse(json);
  if (root.at("format") != kFormat)
    throw std::runtime_error("its format is " + root.at("format").dump());
  JournalText text{root.at("name"), root.at("boot"), root.at("namespace"), {}};
  for (const Json& change : root.at("changes"))
    text.changes.push_back(change_of(change, text.name));
  return text;
}

}  // namespace poise::realnet
