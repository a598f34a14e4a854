// All that Poise changes on a host: applied in order, put back in reverse, also by a next life.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "realnet/host/announce.h"
#include "realnet/host/journal.h"
#include "realnet/host/rules.h"
#include "realnet/host/switch.h"
#include "realnet/host/sysctl.h"
#include "realnet/host/vip_address.h"

namespace poise::realnet {

struct VipPlan {
  Address address;
  std::string interface = {};  // "lo" on a backend; empty: the one with a subnet that holds it
};

// What a role needs of its host. Carried out in this order.
struct HostPlan {
  std::vector<Address> blackholes = {};  // what nobody takes to them is dropped without a word
  std::vector<SysctlSetting> sysctls = {};
  std::vector<RulesConfig> rules = {};  // their `name` is the setup's, whatever stands there
  std::vector<VipPlan> vips = {};
  Announcements announcements = {};
};

// In the network namespace of the thread that makes it; use it from there. Every change is in the
// journal before it is made, so a process may be killed at any instant: the next apply() of the
// same name takes over what it needs and puts the rest back, undo_leftovers() puts all back.
class HostSetup {
 public:
  enum class Kind {
    step,    // told before and after it
    remark,  // what the operator should know: a fallback, somebody else's will, a lesser failure
  };
  using Log = std::function<void(Kind kind, const std::string& text)>;

  // Throws SystemError for a journal that cannot be trusted, and while another process uses the
  // name in the folder (see HostJournal).
  HostSetup(const std::filesystem::path& state_folder, const std::string& name, Log log = {});
  // undo(), if nobody did; what fails then stays in the journal.
  ~HostSetup();
  HostSetup(const HostSetup&) = delete;
  HostSetup& operator=(const HostSetup&) = delete;

  // Makes the host as the plan says, and nothing but the plan: what an earlier plan or life changed
  // besides is put back. The VIPs are announced once before it returns, again from a thread of its
  // own. Throws SystemError when a step fails; all is put back then. REQUIRES of the caller:
  // somebody listens on the queues, or the rules' packets are lost meanwhile.
  void apply(const HostPlan& plan);
  // Do all routes, rules and VIPs of the plan still stand, and do the switches suffice?
  bool is_in_place() const;
  // Makes those that do not stand again: somebody flushed the rules, took the VIP, or replaced its
  // interface, whose switches are new then. A switch that somebody changed is left alone. False:
  // nothing was missing. Throws SystemError of what could not be made, after the
  // rest was; nothing is put back then.
  bool mend();
  // Puts everything back, newest first, as far as it still is as we left it and no other name of
  // the folder needs it. Throws SystemError
  // that names what could not be put back; the rest is.
  void undo();

  // What an earlier life left, for who does not start again. Gives back how many changes that were.
  static std::size_t undo_leftovers(const std::filesystem::path& state_folder,
                                    const std::string& name, Log log = {});

 private:
  void carry_out(const HostPlan& plan);
  void retire_all_but(const std::vector<std::string>& wanted);
  Outcome put_back_or_leave(const Change& change);
  void drop(Address address);
  void take_over(const Change& change);
  void set(Switch& each);
  void install(Rules& rules, const std::vector<Rules>& before);
  void attach(VipAddress& vip);
  void announce(const Announcements& announcements);
  bool lacks() const;
  void say(const std::string& text) const;
  void remark(const std::string& text) const;

  std::string name_;
  Log log_;
  HostJournal journal_;
  std::vector<Address> blackholes_;
  std::vector<Switch> switches_;
  std::vector<Rules> rules_;
  std::vector<VipAddress> vips_;
  std::jthread announcer_;
};

}  // namespace poise::realnet
