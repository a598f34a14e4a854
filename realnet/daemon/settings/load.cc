// The layers of the settings, read one over the other.
#include "realnet/daemon/settings/load.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "model/scenario/problems.h"
#include "model/scenario/schema_read.h"
#include "realnet/daemon/settings/rules.h"
#include "realnet/daemon/settings/schema.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

using scenario::Field;
using scenario::Problems;
using scenario::Table;
using scenario::Type;

constexpr std::string_view kPrefix = "POISE_";
constexpr std::size_t kFileSizeMax = 1 << 20;

std::string text_of_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw SystemError("read " + path, errno);
  std::string text(kFileSizeMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw SystemError("read " + path, errno);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileSizeMax)
    throw SystemError("read " + path, "longer than " + std::to_string(kFileSizeMax) + " bytes");
  return text;
}

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string quoted_list(std::string_view text) {
  std::string out = "[";
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    out += (out.size() > 1 ? ", " : "") + scenario::quoted(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return out + "]";
}

// A plain text as the TOML that a key of this type takes.
std::string as_toml(const Field& field, const std::string& text) {
  switch (field.type) {
    case Type::text:
    case Type::word:
    case Type::policy:
    case Type::address:
      return scenario::quoted(text);
    case Type::texts:
      return text.starts_with('[') ? text : quoted_list(text);
    case Type::integers:
      return text.starts_with('[') ? text : "[" + text + "]";
    default:
      return text;
  }
}

// One role's settings while they are read.
class Layers {
 public:
  Layers(const Table& table, void* object) : table_(table), object_(object) {}

  void read_file(const std::string& path) {
    whole_ = last_part(path);
    Problems found(whole_);
    scenario::read_toml(text_of_file(path), table_, object_, found, {}, true);
    for (const auto& [key, line] : found.lines())
      origins_[key] = whole_ + ":" + std::to_string(line);
    is_toml_ = found.empty() || !found.lines().empty();
    collect(found);
  }

  void read_environment(const std::vector<std::pair<std::string, std::string>>& variables) {
    std::map<std::string, std::string> key_of;
    for_each_key(table_, object_, [&](const std::string& key, const Field&, const void*) {
      key_of[variable_of(key)] = key;
    });
    for (const auto& [name, text] : variables) {
      if (const auto key = key_of.find(name); key != key_of.end())
        set(name, key->second, text);
      else
        refuse_misspelt(name, key_of);
    }
  }

  void read_flags(const std::vector<std::pair<std::string, std::string>>& flags) {
    for (const auto& [key, text] : flags) set("--" + key, key, text);
  }

  // A rule's complaint; of a key that is wrong by itself or stands in what is, nothing more is
  // said.
  void complain(std::string_view key, const std::string& text) {
    if (!is_toml_) return;
    for (std::string_view path = key;; path = path.substr(0, path.rfind('.'))) {
      if (concerned_.contains(path)) return;
      if (path.find('.') == std::string_view::npos) break;
    }
    problems_.push_back(place(key) + ": " + text);
  }

  void raise() const {
    if (!problems_.empty()) throw SettingsError(problems_);
  }
  Origins origins() && { return std::move(origins_); }

 private:
  void set(const std::string& where, const std::string& key, const std::string& text) {
    const Field* field = nullptr;
    for_each_key(table_, object_, [&](const std::string& path, const Field& at, const void*) {
      if (path == key) field = &at;
    });
    Problems found(where);
    scenario::apply_override(table_, object_, {key, field ? as_toml(*field, text) : text}, found,
                             {});
    origins_.erase(origins_.lower_bound(key + "."), origins_.lower_bound(key + "/"));
    origins_[key] = where;
    collect(found);
  }

  // Other variables of this prefix are not ours; one that names a section of ours is a mistake.
  void refuse_misspelt(const std::string& name, const std::map<std::string, std::string>& key_of) {
    const bool is_of_section =
        std::any_of(table_.fields.begin(), table_.fields.end(), [&](const Field& field) {
          return field.type == Type::table && name.starts_with(variable_of(field.name) + "_");
        });
    if (!is_of_section) return;
    std::vector<std::string_view> names;
    names.reserve(key_of.size());
    for (const auto& [variable, key] : key_of) names.push_back(variable);
    problems_.push_back(name + ": no key of " + std::string(table_.whole) + " is called so" +
                        scenario::did_you_mean(name, names));
  }

  void collect(const Problems& found) {
    for (std::string& line : found.located()) problems_.push_back(std::move(line));
    concerned_.insert(found.concerned().begin(), found.concerned().end());
  }

  std::string place(std::string_view key) const {
    while (true) {
      if (const auto found = origins_.find(key); found != origins_.end()) return found->second;
      const std::size_t dot = key.rfind('.');
      if (dot == std::string_view::npos) return whole_;
      key = key.substr(0, dot);
    }
  }

  const Table& table_;
  void* object_;
  std::string whole_ = "settings";
  Origins origins_;
  std::vector<std::string> problems_;
  std::set<std::string, std::less<>> concerned_;
  bool is_toml_ = true;  // otherwise nothing of the file is known
};

template <class Settings>
Loaded<Settings> load(const Table& table, const Sources& sources, Settings settings = {}) {
  Layers layers(table, &settings);
  if (sources.file) layers.read_file(*sources.file);
  layers.read_environment(sources.environment);
  layers.read_flags(sources.flags);
  check(settings,
        [&](std::string_view key, const std::string& text) { layers.complain(key, text); });
  layers.raise();
  complete(settings);
  return {std::move(settings), std::move(layers).origins()};
}

std::string lines_of(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "\n") + problem;
  return text;
}

}  // namespace

SettingsError::SettingsError(std::vector<std::string> problems)
    : std::runtime_error(lines_of(problems)), problems_(std::move(problems)) {}

Loaded<BalancerSettings> load_balancer(const Sources& sources) {
  return load<BalancerSettings>(balancer_table(), sources);
}

Loaded<AgentSettings> load_agent(const Sources& sources) {
  return load<AgentSettings>(agent_table(), sources);
}

Loaded<TcpServerSettings> load_tcp_server(Service service, const Sources& sources) {
  return load(tcp_server_table(service), sources, TcpServerSettings(service));
}

Loaded<WitnessSettings> load_witness(const Sources& sources) {
  return load<WitnessSettings>(witness_table(), sources);
}

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text(*variable);
    const std::size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != std::string_view::npos)
      found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string variable_of(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key)
    name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace poise::realnet
