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
    remark(error.what());
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
  switches_.clear();
  std::vector<std::string> wanted;
  for (const Address& address : plan.blackholes)
    wanted.push_back(subject(BlackholeChange{address}));
  for (const SysctlSetting& setting : plan.sysctls) {
    switches_.emplace_back(setting);
    wanted.push_back(subject(SysctlChange{.key = setting.key}));
  }
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
  for (Switch& each : switches_) set(each);
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
      const Outcome outcome = put_back_or_leave(*change);
      outcome.is_left ? remark(about + ": " + outcome.done) : say(about + ": " + outcome.done);
      done.push_back(about);
    } catch (const SystemError& error) {
      failures += (failures.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (!done.empty()) journal_.forget(done);
  if (!failures.empty()) throw SystemError("put back what \"" + name_ + "\" changed", failures);
}

// What another name of the folder has changed likewise is left to it.
Outcome HostSetup::put_back_or_leave(const Change& change) {
  const Fd alone = journal_.lock_folder();
  const std::optional<Change> other = journal_.find_elsewhere(subject(change));
  if (!other) return put_back(change);
  const auto* value = std::get_if<SysctlChange>(&change);
  if (!value) return {"stays for another name"};
  return put_back_beside(*value, std::get<SysctlChange>(*other));
}

void HostSetup::drop(Address address) {
  const Fd alone = journal_.lock_folder();
  if (has_blackhole(address)) return take_over(BlackholeChange{address});
  const Change change = BlackholeChange{address};
  journal_.record(change);
  say("recorded " + subject(change));
  add_blackhole(address);
  say(subject(change) + ": in place");
}

// What stands although we did not make it now.
void HostSetup::take_over(const Change& change) {
  const std::string about = subject(change);
  if (!journal_.find(about)) {
    if (!journal_.find_elsewhere(about)) return say(about + ": was there already, and stays");
    journal_.record(change);
  }
  say(about + ": taken over");
}

void HostSetup::set(Switch& each) {
  each.set(journal_, [this](const std::string& text) { say(text); });
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
  for (const std::string& each : rules.remarks()) remark(each);
  say(subject(change) + ": in place");
}

void HostSetup::attach(VipAddress& vip) {
  const Fd alone = journal_.lock_folder();
  const Change change = change_of(vip);
  if (vip.is_attached()) return take_over(change);
  journal_.record(change);
  say("recorded " + subject(change));
  vip.attach();
  say(subject(change) + ": attached");
}

void HostSetup::announce(const Announcements& announcements) {
  std::vector<Announcer> announcers;
  if (announcements.count == 0) return;
  for (const VipAddress& vip : vips_) {
    if (!vip.interface().has_neighbours || !vip.interface().is_up) continue;
    try {
      announcers.emplace_back(vip.address(), vip.interface()).announce();
      say(subject(change_of(vip)) + ": announced");
    } catch (const SystemError& error) {
      remark(error.what());  // neighbours ask by themselves, later
    }
  }
  if (announcers.empty() || announcements.count == 1) return;
  announcer_ = std::jthread(
      [announcements, announcers = std::move(announcers)](const std::stop_token& stop) {
        announce_again(stop, announcers, announcements);
      });
}

bool HostSetup::is_in_place() const {
  return !lacks() && std::ranges::all_of(switches_, [](const Switch& each) {
    return each.state() == Switch::State::as_set;
  });
}

// Is something to be made again? A switch that somebody changed is theirs.
bool HostSetup::lacks() const {
  return !std::ranges::all_of(blackholes_, has_blackhole) ||
         !std::ranges::all_of(rules_, &Rules::is_in_place) ||
         !std::ranges::all_of(vips_, &VipAddress::is_attached) ||
         std::ranges::any_of(
             switches_, [](const Switch& each) { return each.state() == Switch::State::renewed; });
}

bool HostSetup::mend() {
  for (Switch& each : switches_)
    if (const std::optional<std::string> news = each.news()) remark(*news);
  if (!lacks()) return false;
  std::string failures;
  const auto attempt = [&](const auto& step) {
    try {
      step();
    } catch (const SystemError& error) {
      failures += (failures.empty() ? "" : "; ") + std::string(error.what());
    }
  };
  for (const Address& address : blackholes_) attempt([&] { drop(address); });
  for (Switch& each : switches_)
    attempt([&] {
      if (each.state() == Switch::State::renewed) set(each);
    });
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
  switches_.clear();
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
  if (log_) log_(Kind::step, text);
}

void HostSetup::remark(const std::string& text) const {
  if (log_) log_(Kind::remark, text);
}

}  // namespace poise::realnet
