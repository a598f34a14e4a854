// A switch of the kernel that a setup wants, and what has become of it since it was set.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "realnet/host/journal.h"
#include "realnet/host/sysctl.h"

namespace poise::realnet {

// In the network namespace of the thread that calls.
class Switch {
 public:
  enum class State {
    as_set,
    changed,  // somebody's will: it is theirs
    renewed,  // its interface is gone, or another one has its name now
  };

  explicit Switch(SysctlSetting setting) : setting_(std::move(setting)) {}

  const std::string& key() const { return setting_.key; }

  // Sets it, and tells `say` of it; in the journal first. What suffices already is recorded only if
  // another name of the folder made it so: then who goes last puts it back. Throws SystemError.
  void set(HostJournal& journal, const std::function<void(const std::string&)>& say);
  State state() const;
  // Once, when somebody has changed it so that it does not suffice: what is to be said of it.
  std::optional<std::string> news();

 private:
  unsigned interface_index() const;

  SysctlSetting setting_;
  unsigned set_index_ = 0;  // its interface when it was set; 0: it is of none
  bool is_told_ = false;    // that it was changed
};

// As put_back() of change.h, while another name's journal has `other` of the same key.
Outcome put_back_beside(const SysctlChange& change, const SysctlChange& other);

}  // namespace poise::realnet
