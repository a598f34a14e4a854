// The real world of one plan: the files that it leaves in the caller's folder.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "realnet/lab/world.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

using scenario::NodeId;
using scenario::NodeKind;

Fd World::make_file(const std::string& name) {
  const std::string path = options_.files_folder + "/" + name;
  Fd file(
      checked(::openat(files_.get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
              "make " + path));
  kept_.emplace_back(name, path);
  return file;
}

void World::start_captures() {
  for (const std::string& node : plan_.measures.captures) {
    const NodeId id = topology_.find_node(node).value();
    const std::string name = node + ".pcap";
    captures_.push_back(
        std::make_unique<Capture>(network_->where(id), name, make_file(name), loop_));
  }
}

void World::finish_captures() {
  for (std::size_t i = 0; i < captures_.size(); ++i)
    if (const std::uint64_t lost = captures_[i]->finish(); lost > 0)
      notices_.push_back({to_ns(loop_.now()), plan_.measures.captures[i], "capture_lost", "packets",
                          std::to_string(lost)});
}

// The records, and beside each the settings that a replay of it needs.
void World::keep_records() {
  if (!plan_.measures.records) return;
  for (const Life& life : lives_) {
    std::string name = topology_.nodes()[life.node].name;
    if (life.number > 1) name += "." + std::to_string(life.number);
    name += ".record";
    for (const std::string suffix : {"", ".toml"}) {
      std::ifstream from(life.folder.record() + suffix, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(from), {}};
      const Fd to = make_file(name + suffix);
      if (::write(to.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        throw SystemError("write " + options_.files_folder + "/" + name + suffix, errno);
    }
  }
}

}  // namespace poise::realnet::lab
