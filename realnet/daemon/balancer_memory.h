// What a balancer's daemon leaves for its next life: who its members are, and whose each flow is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/flow/flow_memory.h"
#include "model/time.h"
#include "realnet/daemon/mapped_file.h"

namespace poise::realnet {

// In the state folder, which should be memory (/run), since nobody waits for a disk:
//
//   NAME.members          the membership snapshot (model/balancer/snapshot.h), whole or not at all
//   NAME.flows.LIFE.I     the memory of the i-th queue's flow table, mapped: kill -9 loses nothing
//
// A life that ended long ago is forgotten: NAME.members is touched every second while one lasts.
// Lives that never came to write members leave nothing, however often they are tried.
class BalancerMemory {
 public:
  static constexpr Duration kForgetAfter = std::chrono::seconds{60};

  // Maps new memory for `tables` tables of `table_size` bytes. Throws SystemError, for a full disk
  // too. Complaints are about what an earlier life left, and stop nothing.
  BalancerMemory(std::string folder, std::string name, std::size_t tables, std::size_t table_size,
                 std::function<void(const std::string&)> complain);

  ~BalancerMemory();
  BalancerMemory(const BalancerMemory&) = delete;
  BalancerMemory& operator=(const BalancerMemory&) = delete;

  LentMemory lent(std::size_t table);
  // What Balancer::on_restore takes; empty: there is nothing to restore. Call before
  // write_members.
  std::vector<std::uint8_t> survived() const;
  // From the first call on, this life is the one that a next one takes over. Returns false, after a
  // complaint, when it could not be written: what stood there still stands.
  bool write_members(std::span<const std::uint8_t> snapshot);
  void touch() const;

 private:
  std::string members_path() const { return folder_ + '/' + name_ + ".members"; }
  std::string table_path(std::size_t table) const;
  std::vector<std::string> flow_files() const;
  void remove_tables() const;
  void remove_old_files();

  std::string folder_, name_;
  std::function<void(const std::string&)> complain_;
  std::uint64_t life_;
  bool is_begun_ = false;  // its members were written
  std::vector<std::string> old_files_;
  std::vector<MappedFile> tables_;
};

}  // namespace poise::realnet
