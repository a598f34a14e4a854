// What a balancer's daemon leaves for its next life.
#include "realnet/daemon/balancer_memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "model/balancer/snapshot_merge.h"
#include "realnet/system/clock.h"
#include "realnet/system/error.h"
#include "realnet/system/file.h"

namespace poise::realnet {

namespace {

namespace fs = std::filesystem;

Duration age_of(const std::string& path) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(path, error);
  if (error) return Duration::max();
  return std::chrono::duration_cast<Duration>(fs::file_time_type::clock::now() - time);
}

// `prefix` and two numbers: another daemon may be called NAME.flows.
bool is_flow_file(const std::string& file, const std::string& prefix) {
  if (!file.starts_with(prefix)) return false;
  const std::string rest = file.substr(prefix.size());
  return std::ranges::count(rest, '.') == 1 &&
         rest.find_first_not_of(".0123456789") == std::string::npos;
}

}  // namespace

BalancerMemory::BalancerMemory(std::string folder, std::string name, std::size_t tables,
                               std::size_t table_size,
                               std::function<void(const std::string&)> complain)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      complain_(std::move(complain)),
      life_(entropy()) {
  old_files_ = flow_files();
  if (age_of(members_path()) > kForgetAfter) remove_old_files();
  try {
    for (std::size_t i = 0; i < tables; ++i)
      tables_.push_back(MappedFile::create(table_path(i), table_size));
  } catch (const SystemError&) {
    remove_tables();
    throw;
  }
}

// What nobody will look for would stay for ever.
BalancerMemory::~BalancerMemory() {
  if (!is_begun_) remove_tables();
}

std::string BalancerMemory::table_path(std::size_t table) const {
  return folder_ + '/' + name_ + ".flows." + std::to_string(life_) + '.' + std::to_string(table);
}

void BalancerMemory::remove_tables() const {
  for (std::size_t i = 0; i < tables_.size(); ++i) ::unlink(table_path(i).c_str());
}

void BalancerMemory::remove_old_files() {
  for (const std::string& path : std::exchange(old_files_, {})) ::unlink(path.c_str());
}

std::vector<std::string> BalancerMemory::flow_files() const {
  std::vector<std::string> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error))
    if (is_flow_file(entry.path().filename().string(), name_ + ".flows."))
      found.push_back(entry.path().string());
  std::ranges::sort(found);
  return found;
}

LentMemory BalancerMemory::lent(std::size_t table) {
  return {tables_[table].bytes(), life_};
}

std::vector<std::uint8_t> BalancerMemory::survived() const {
  const Duration age = age_of(members_path());
  if (age == Duration::max()) return {};
  if (age > kForgetAfter) {
    complain_("the last life ended " + std::to_string(static_cast<int>(to_seconds(age))) +
              " s ago: its members and flows are forgotten");
    return {};
  }
  try {
    const std::vector<std::uint8_t> members = read_bytes(members_path());
    std::vector<std::vector<std::uint8_t>> files;
    std::vector<std::span<const std::byte>> regions;
    for (const std::string& path : old_files_) files.push_back(read_bytes(path));
    for (const std::vector<std::uint8_t>& file : files)
      regions.push_back(std::as_bytes(std::span(file)));
    MergedSnapshot merged = merge_snapshot(now(), members, regions);
    if (!merged.error.empty()) complain_(members_path() + ": " + merged.error);
    return std::move(merged.bytes);
  } catch (const SystemError& error) {
    complain_(error.what());
    return {};
  }
}

bool BalancerMemory::write_members(std::span<const std::uint8_t> snapshot) {
  try {
    replace_file(members_path(), {reinterpret_cast<const char*>(snapshot.data()), snapshot.size()});
  } catch (const SystemError& error) {
    complain_(error.what());
    return false;
  }
  is_begun_ = true;
  remove_old_files();
  return true;
}

void BalancerMemory::touch() const {
  static_cast<void>(::utimensat(AT_FDCWD, members_path().c_str(), nullptr, 0));
}

}  // namespace poise::realnet
