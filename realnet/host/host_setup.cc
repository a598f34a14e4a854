// All that Poise changes on a host: applied in order, put back in reverse, also by a next life.
#include "realnet/host/host_setup.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "realnet/host/route.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

Change change_of(const RulesConfig& config) {
  return RulesChange{config.flavour, config.program, config.name, config.part};
}

Change change_of(const VipAddress& vip) {
  return AddressChange{vip.address(), vip.interface().name};
}

void announce_again(const std::stop_token& stop, const std::vector<Announcer>& announcers,
                    const Announcements& announcements) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  for (unsigned round = 1; round < announcements.count; ++round) {
    wake.wait_for(lock, stop, announcements.interval, [] { return false; });
    if (stop.stop_requested()) return;
    for (const Announcer& announcer : announcers) {
      try {
        announcer.announce();
      } catch (const SystemError&) {  // the link went down: the kernel announces when it is back
      }
    }
  }
}

}  // namespace

HostSetup::HostSetup(const std::filesystem::path& state_folder, const std::string& name, Log log)
    : name_(name), log_(std::move(log)), journal_(state_folder, name) {}

HostSetup::~HostSetup() {
  try {
    undo();
  } catch (const std::exception& error) {
    say(error.what());
  }
}

void HostSetup::apply(const HostPlan& plan) {
  try {
    carry_out(plan);
  } catch (const SystemError& error) {
    try {
      undo();
    } catch (const SystemError& worse) {
      throw SystemError(error.what(),
                        std::string("and not all could be put back: ") + worse.what());
    }
    throw;
  }
}

void HostSetup::carry_out(const HostPlan& plan) {
  announcer_ = {};
  const std::vector<Rules> before = std::exchange(rules_, {});
  vips_.clear();
  blackholes_ = plan.blackholes;
  sysctls_ = plan.sysctls;
  std::vector<std::string> wanted;
  for (const Address& address : plan.blackholes)
    wanted.push_back(subject(BlackholeChange{address}));
  for (const SysctlSetting& setting : plan.sysctls)
    wanted.push_back(subject(SysctlChange{.key = setting.key}));
  for (RulesConfig config : plan.rules) {
    config.name = name_;
    rules_.emplace_back(config);
    const std::string about = subject(change_of(config));
    if (std::find(wanted.begin(), wanted.end(), about) != wanted.end())
      throw SystemError("plan of \"" + name_ + "\"", "it has two of " + about);
    wanted.push_back(about);
  }
  for (const VipPlan& vip : plan.vips) {
    vips_.emplace_back(vip.address, vip.interface);
    wanted.push_back(subject(change_of(vips_.back())));
  }
  retire_all_but(wanted);

  for (const Address& address : plan.blackholes) drop(address);
  for (const SysctlSetting& setting : plan.sysctls) set(setting);
  for (Rules& rules : rules_) install(rules, before);
  for (VipAddress& vip : vips_) attach(vip);
  announce(plan.announcements);
}

void HostSetup::retire_all_but(const std::vector<std::string>& wanted) {
  std::string failures;
  std::vector<std::string> done;
  const std::vector<Change> changes = journal_.changes();
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    const std::string about = subject(*change);
    if (std::find(wanted.begin(), wanted.end(), about) != wanted.end()) continue;
    try {
      say("put back " + about);
      say(about + ": " + put_back(*change));
      done.push_back(about);
    } catch (const SystemError& error) {
      failures += (failures.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (!done.empty()) journal_.forget(done);
  if (!failures.empty()) throw SystemError("put back what \"" + name_ + "\" changed", failures);
}

void HostSetup::drop(Address address) {
  const Change change = BlackholeChange{address};
  const std::string about = subject(change);
  if (has_blackhole(address)) {
    say(about + (journal_.find(about) ? ": taken over" : ": was there already, and stays"));
    return;
  }
  journal_.record(change);
  say("recorded " + about);
  add_blackhole(address);
  say(about + ": in place");
}

void HostSetup::set(const SysctlSetting& setting) {
  const std::string now = read_sysctl(setting.key);
  SysctlChange change{.key = setting.key, .before = now, .after = setting.value};
  const std::optional<Change> earlier = journal_.find(subject(change));
  const auto* ours = earlier ? std::get_if<SysctlChange>(&*earlier) : nullptr;
  if (ours && (now == ours->after || now == ours->before)) {
    change.before = ours->before;
    change.followers = ours->followers;
  } else if (suffices(setting, now)) {
    if (ours) journal_.forget({subject(change)});  // somebody made it theirs since then
    return;
  }
  if (change.followers.empty()) change.followers = sysctls_that_follow(setting.key);
  journal_.record(change);
  say("recorded " + subject(change));
  if (now != setting.value) write_sysctl(setting.key, setting.value);
  say(subject(change) + ": " + now + " -> " + setting.value);
}

// What stands already is not written again: who waits for a VIP waits for its rules.
void HostSetup::install(Rules& rules, const std::vector<Rules>& before) {
  const auto same = std::find_if(before.begin(), before.end(), [&](const Rules& earlier) {
    return earlier.config() == rules.config();
  });
  if (same != before.end() && same->is_in_place()) {
    rules = *same;
    return;
  }
  const Change change = change_of(rules.config());
  journal_.record(change);
  say("recorded " + subject(change));
  rules.install();
  for (const std::string& remark : rules.remarks()) say(remark);
  say(subject(change) + ": in place");
}

void HostSetup::attach(VipAddress& vip) {
  const Change change = change_of(vip);
  const std::string about = subject(change);
  if (vip.is_attached()) {
    say(about + (journal_.find(about) ? ": taken over" : ": was there already, and stays"));
    return;
  }
  journal_.record(change);
  say("recorded " + about);
  vip.attach();
  say(about + ": attached");
}

void HostSetup::announce(const Announcements& announcements) {
  std::vector<Announcer> announcers;
  if (announcements.count == 0) return;
  for (const VipAddress& vip : vips_) {
    if (!vip.interface().has_neighbours || !vip.interface().is_up) continue;
    announcers.emplace_back(vip.address(), vip.interface());
    try {
      announcers.back().announce();
      say(subject(change_of(vip)) + ": announced");
    } catch (const SystemError& error) {
      say(error.what());  // neighbours ask by themselves, later
    }
  }
  if (announcers.empty() || announcements.count == 1) return;
  announcer_ = std::jthread(
      [announcements, announcers = std::move(announcers)](const std::stop_token& stop) {
        announce_again(stop, announcers, announcements);
      });
}

bool HostSetup::is_in_place() const {
  return std::all_of(blackholes_.begin(), blackholes_.end(), has_blackhole) &&
         std::all_of(rules_.begin(), rules_.end(),
                     [](const Rules& r) { return r.is_in_place(); }) &&
         std::all_of(vips_.begin(), vips_.end(),
                     [](const VipAddress& v) { return v.is_attached(); });
}

bool HostSetup::mend() {
  if (is_in_place()) return false;
  std::string failures;
  const auto attempt = [&](const auto& step) {
    try {
      step();
    } catch (const SystemError& error) {
      failures += (failures.empty() ? "" : "; ") + std::string(error.what());
    }
  };
  for (const Address& address : blackholes_) attempt([&] { drop(address); });
  for (const SysctlSetting& setting : sysctls_) attempt([&] { set(setting); });
  for (Rules& rules : rules_)
    attempt([&] {
      if (!rules.is_in_place()) install(rules, {});
    });
  for (VipAddress& vip : vips_)
    attempt([&] {
      if (vip.is_attached()) return;
      vip = VipAddress(vip.address(), vip.interface().name);  // the name may mean another one now
      attach(vip);
    });
  attempt([&] { announce({}); });
  if (!failures.empty()) throw SystemError("make again what \"" + name_ + "\" needs", failures);
  return true;
}

void HostSetup::undo() {
  announcer_ = {};
  blackholes_.clear();
  sysctls_.clear();
  rules_.clear();
  vips_.clear();
  retire_all_but({});
}

std::size_t HostSetup::undo_leftovers(const std::filesystem::path& state_folder,
                                      const std::string& name, Log log) {
  if (!std::filesystem::exists(state_folder)) return 0;
  HostSetup setup(state_folder, name, std::move(log));
  const std::size_t count = setup.journal_.changes().size();
  setup.undo();
  return count;
}

void HostSetup::say(const std::string& text) const {
  if (log_) log_(text);
}

}  // namespace poise::realnet
