// Two settings side by side, key by key.
#include "realnet/daemon/settings/changes.h"

#include "realnet/daemon/settings/schema.h"

namespace poise::realnet {
namespace {

Changes compare(const scenario::Table& table, const void* before, const void* after) {
  std::vector<std::string> values;
  for_each_key(table, before,
               [&](const std::string&, const scenario::Field& field, const void* at) {
                 values.push_back(value_text(field, at));
               });
  Changes found;
  std::size_t i = 0;
  for_each_key(table, after,
               [&](const std::string& path, const scenario::Field& field, const void* at) {
                 const std::string& old = values[i++];
                 const std::string now = value_text(field, at);
                 if (old == now) return;
                 if (path == "seed" && now == "0") return;  // the one that was drawn goes on
                 auto& list = may_change_while_running(path) ? found.running : found.restart;
                 list.push_back(path + ": " + old + " -> " + now);
               });
  return found;
}

}  // namespace

Changes changes(const BalancerSettings& before, const BalancerSettings& after) {
  return compare(balancer_table(), &before, &after);
}

Changes changes(const AgentSettings& before, const AgentSettings& after) {
  return compare(agent_table(), &before, &after);
}

Changes changes(const TcpServerSettings& before, const TcpServerSettings& after) {
  return compare(tcp_server_table(before.service), &before, &after);
}

Changes changes(const WitnessSettings& before, const WitnessSettings& after) {
  return compare(witness_table(), &before, &after);
}

}  // namespace poise::realnet
