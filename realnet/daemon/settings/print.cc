// Section by section, aligned comments.
#include "realnet/daemon/settings/print.h"

#include "realnet/daemon/settings/schema.h"

namespace poise::realnet {
namespace {

constexpr std::size_t kCommentColumn = 44;

std::string line_of(std::string line, const std::string& origin) {
  line.append(line.size() < kCommentColumn ? kCommentColumn - line.size() : 1, ' ');
  return line + "# " + origin + "\n";
}

std::string print_table(const scenario::Table& table, const void* object, const Origins& origins) {
  std::string out, section;
  for_each_key(table, object,
               [&](const std::string& path, const scenario::Field& field, const void* at) {
                 const std::size_t dot = path.find('.');
                 const std::string of = dot == std::string::npos ? "" : path.substr(0, dot);
                 if (of != section) out += "\n[" + of + "]\n";
                 section = of;
                 const auto origin = origins.find(path);
                 out += line_of(std::string(field.name) + " = " + value_text(field, at),
                                origin == origins.end() ? "default" : origin->second);
               });
  return out;
}

}  // namespace

std::string print(const Loaded<BalancerSettings>& loaded) {
  return print_table(balancer_table(), &loaded.settings, loaded.origins);
}

std::string print(const Loaded<AgentSettings>& loaded) {
  return print_table(agent_table(), &loaded.settings, loaded.origins);
}

std::string print(const Loaded<TcpServerSettings>& loaded) {
  return print_table(tcp_server_table(loaded.settings.service), &loaded.settings, loaded.origins);
}

std::string print(const Loaded<WitnessSettings>& loaded) {
  return print_table(witness_table(), &loaded.settings, loaded.origins);
}

}  // namespace poise::realnet
