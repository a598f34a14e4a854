// What a script does to its machines and to the streams between them.
#include <array>

#include "tests/tcp_scripts/stage.h"

namespace poise::tcp::script {

namespace {

testing::Link witness_link(int replica) {
  return replica == 0 ? testing::Link::first_witness : testing::Link::second_witness;
}

}  // namespace

// primary: who serves; standby: the other one; or a, b by name.
int Stage::machine(const std::string& name) {
  if (name == "a" || name == "b") return name == "a" ? 0 : 1;
  if (name == "primary") return machines_.serving();
  if (name == "standby") return 1 - machines_.serving();
  throw Wrong("`" + name + "` is not primary, standby, a or b");
}

// replication; witness HOST.
testing::Link Stage::link(const Words& words) {
  if (words.size() == 1 && words[0] == "replication") return testing::Link::replicas;
  if (words.size() == 2 && words[0] == "witness") return witness_link(machine(words[1]));
  throw Wrong("expected `replication` or `witness HOST`");
}

// crash: the machine is gone, and nothing tells the others. kill: its streams end.
void Stage::crash(const Words& words) {
  const int index = machine(words.empty() ? "primary" : words[0]);
  if (!machines_.replica(index)) throw Wrong("it is crashed already");
  machines_.crash(index, verb_ == "crash");
}

void Stage::restart(const Words& words) {
  machines_.restart(machine(words.empty() ? "standby" : words[0]));
}

void Stage::pause(const Words& words) {
  machines_.freeze(machine(words.empty() ? "primary" : words[0]));
}

void Stage::wake(const Words& words) {
  if (words.empty()) throw Wrong("expected `wake HOST`");
  machines_.thaw(machine(words[0]));
}

// promote (the standby), migrate and solo (the primary); `refused`: it may not be.
void Stage::order(const Words& words) {
  const int index = machine(verb_ == "promote" ? "standby" : "primary");
  Host* host = machines_.replica(index);
  if (!host) throw Wrong("that host is crashed");
  const bool done = host->on_order(machines_.now(), verb_ == "promote"   ? Host::Order::promote
                                                    : verb_ == "migrate" ? Host::Order::migrate
                                                                         : Host::Order::solo);
  machines_.drain(index);
  if (done == (!words.empty() && words[0] == "refused"))
    throw Wrong(done ? "it was done" : "it was refused");
}

void Stage::cut(const Words& words) {
  machines_.cut(link(words));
}

void Stage::heal(const Words& words) {
  machines_.heal(link(words));
}

// lose replication: the stream breaks, with all that is under way.
void Stage::lose(const Words& words) {
  machines_.hang_up(link(words));
}

// delay replication 5ms: one way, from now on.
void Stage::delay(const Words& words) {
  if (words.size() != 2 || words[0] != "replication")
    throw Wrong("expected `delay replication 5ms`");
  machines_.set_stream_delay(scene::duration(words[1]));
}

// expire lease: nobody answers the primary until its lease is over; then the streams are whole
// again, at the same instant.
void Stage::expire(const Words& words) {
  if (words != Words{"lease"}) throw Wrong("expected `expire lease`");
  const std::array streams{testing::Link::replicas, witness_link(machines_.serving())};
  for (const testing::Link stream : streams) machines_.cut(stream);
  machines_.run_until(machines_.now() + script_.setup.replication.lease +
                      std::chrono::microseconds{1});
  for (const testing::Link stream : streams) machines_.heal(stream);
}

// What comes next on this port is another connection.
void Stage::renumber(const Words&) {
  Numbering& numbers = numbering(port_);
  numbers = Numbering{numbers.theirs, {}, {}, false, 0};
  laws_.forget(port_);
}

}  // namespace poise::tcp::script
