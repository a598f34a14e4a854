// A switch of the kernel that a setup wants, and what has become of it since it was set.
#include "realnet/host/switch.h"

#include <net/if.h>

#include <variant>

#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

// That of the key, if the value of now is one that it knows: else somebody has changed it since.
std::optional<SysctlChange> origin(const std::optional<Change>& recorded, const std::string& now) {
  if (!recorded) return std::nullopt;
  const auto& change = std::get<SysctlChange>(*recorded);
  if (now != change.after && now != change.before) return std::nullopt;
  return change;
}

}  // namespace

void Switch::set(HostJournal& journal, const std::function<void(const std::string&)>& say) {
  const Fd alone = journal.lock_folder();
  const std::string now = read_sysctl(setting_.key);
  set_index_ = interface_index();
  SysctlChange change{.key = setting_.key, .before = now, .after = setting_.value};
  const std::string about = subject(change);
  const bool is_recorded = journal.find(about).has_value();
  const std::optional<SysctlChange> ours = origin(journal.find(about), now);
  const std::optional<SysctlChange> first =
      ours ? ours : origin(journal.find_elsewhere(about), now);
  if (first) {
    change.before = first->before;
    change.followers = first->followers;
  } else if (suffices(setting_, now)) {
    if (is_recorded) journal.forget({about});  // somebody made it theirs since then
    return;
  }
  if (change.followers.empty()) change.followers = sysctls_that_follow(setting_.key);
  journal.record(change);
  say("recorded " + about);
  const bool is_enough = now == change.after || (!ours && suffices(setting_, now));
  if (!is_enough) write_sysctl(setting_.key, change.after);
  say(about + ": " + now + " -> " + (is_enough ? now : change.after));
}

Switch::State Switch::state() const {
  if (interface_index() != set_index_ || !has_sysctl(setting_.key)) return State::renewed;
  return suffices(setting_, read_sysctl(setting_.key)) ? State::as_set : State::changed;
}

std::optional<std::string> Switch::news() {
  if (std::exchange(is_told_, state() == State::changed) || !is_told_) return std::nullopt;
  return "sysctl " + setting_.key + ": left alone: somebody made it " + read_sysctl(setting_.key) +
         ", and " + setting_.value + " is needed";
}

// Of the fourth word: net/ipv4/conf/eth0/forwarding.
unsigned Switch::interface_index() const {
  const std::size_t begin = setting_.key.find("/conf/");
  if (begin == std::string::npos) return 0;
  const std::string rest = setting_.key.substr(begin + 6);
  return ::if_nametoindex(rest.substr(0, rest.find('/')).c_str());
}

Outcome put_back_beside(const SysctlChange& change, const SysctlChange& other) {
  return put_back(SysctlChange{.key = change.key, .before = other.after, .after = change.after});
}

}  // namespace poise::realnet
