// Plays a script: what it says happens, what it expects must come, and nothing else may.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/tcp_scripts/laws.h"
#include "tests/tcp_scripts/machines.h"
#include "tests/tcp_scripts/script.h"

namespace poise::tcp::script {

struct Report {
  std::string failure;               // empty: it holds. Else "line 7: ..., expected ..., but ..."
  std::vector<std::string> history;  // all packets and notices, with their times
  std::uint64_t digest = 0;          // of the machines at the end
};

Report play(const Script& script);

class Stage : public Observer {
 public:
  explicit Stage(const Script& script);
  void play();
  Report& report() { return report_; }

 private:
  struct Sent {
    Instant at;
    PacketText packet;
  };
  using Words = std::vector<std::string>;
  using Verb = void (Stage::*)(const Words&);
  struct Verbs;

  void left(Instant at, int replica, std::span<const std::uint8_t> bytes) override;
  void noticed(Instant at, testing::Node node, const Notice& notice) override;

  void play(const Step& step);
  void receive(const Step& step);
  void expect(const Step& step, Instant from, Instant to);
  void refuse_unexpected(Instant before);
  void note(Instant at, const std::string& text);
  Numbering& numbering(std::uint16_t port);

  static const std::map<std::string, Verb, std::less<>>& verbs();
  // The connection that verbs are about: `port N` in front of them chooses.
  const Connection* connection();
  Stream& stream();
  Host& serving();
  void touch();
  std::optional<Slot> slot();

  // verbs_application.cc
  void connect(const Words&);
  void accept(const Words&);
  void write(const Words&);
  void read(const Words&);
  void write_at(const Words&);
  void commit(const Words&);
  void close(const Words&);
  void abort(const Words&);
  // checks.cc
  void quiet(const Words&);
  void check_state(const Words&);
  void check_window(const Words&);
  void check_time(const Words&);
  void check_stream(const Words&);
  void check_blob(const Words&);
  void check_count(const Words&);
  void check_role(const Words&);
  void check_epoch(const Words&);
  void check_protected(const Words&);
  void check_notice(const Words&);
  // verbs_faults.cc
  void crash(const Words&);
  void restart(const Words&);
  void pause(const Words&);
  void wake(const Words&);
  void order(const Words&);
  void cut(const Words&);
  void heal(const Words&);
  void lose(const Words&);
  void delay(const Words&);
  void expire(const Words&);
  void renumber(const Words&);
  int machine(const std::string& name);
  testing::Link link(const Words& words);

  const Script& script_;
  Report report_;
  std::map<std::uint16_t, Numbering> numberings_;
  std::deque<Sent> sent_;
  std::deque<std::string> notices_;
  Laws laws_;
  std::string broken_;  // a law, while machines ran
  std::uint16_t port_ = kPort;
  std::string verb_;
  Machines machines_;
  Instant base_ = kBegin;
};

}  // namespace poise::tcp::script
