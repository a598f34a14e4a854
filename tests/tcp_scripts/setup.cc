// The settings by name.
#include "tests/tcp_scripts/setup.h"

#include <functional>
#include <map>

namespace poise::tcp::script {

namespace {

using Set = std::function<void(Setup&, std::string_view)>;

Set on_off(bool ConnectionConfig::*field) {
  return [field](Setup& s, std::string_view v) { s.connection.*field = scene::on_or_off(v); };
}
Set count(std::uint32_t ConnectionConfig::*field) {
  return [field](Setup& s, std::string_view v) {
    s.connection.*field = static_cast<std::uint32_t>(scene::number(v));
  };
}
Set time(Duration ConnectionConfig::*field) {
  return [field](Setup& s, std::string_view v) { s.connection.*field = scene::duration(v); };
}
Set sender_on_off(bool SenderConfig::*field) {
  return
      [field](Setup& s, std::string_view v) { s.connection.sender.*field = scene::on_or_off(v); };
}
Set sender_time(Duration SenderConfig::*field) {
  return [field](Setup& s, std::string_view v) { s.connection.sender.*field = scene::duration(v); };
}
Set replication_time(Duration ReplicationConfig::*field) {
  return [field](Setup& s, std::string_view v) { s.replication.*field = scene::duration(v); };
}
Set replication_count(std::uint32_t ReplicationConfig::*field) {
  return [field](Setup& s, std::string_view v) {
    s.replication.*field = static_cast<std::uint32_t>(scene::number(v));
  };
}
Set number(std::uint32_t Setup::*field) {
  return [field](Setup& s, std::string_view v) {
    s.*field = static_cast<std::uint32_t>(scene::number(v));
  };
}

template <class T>
T one_of(std::string_view value, const std::map<std::string, T, std::less<>>& words) {
  const auto found = words.find(value);
  if (found != words.end()) return found->second;
  std::string allowed;
  for (const auto& [word, unused] : words) allowed += (allowed.empty() ? "" : ", ") + word;
  throw Wrong("`" + std::string(value) + "` is not one of " + allowed);
}

void set_congestion(Setup& s, std::string_view v) {
  s.connection.sender.congestion = one_of<CongestionControl>(
      v, {{"newreno", CongestionControl::newreno}, {"cubic", CongestionControl::cubic}});
}
void set_personality(Setup& s, std::string_view v) {
  s.connection.personality =
      one_of<Personality>(v, {{"linux", Personality::linux_}, {"freebsd", Personality::freebsd}});
}
void set_policy(Setup& s, std::string_view v) {
  s.replication.policy = one_of<CommitPolicy>(v, {{"none", CommitPolicy::none},
                                                  {"asynchronous", CommitPolicy::asynchronous},
                                                  {"output", CommitPolicy::output},
                                                  {"input", CommitPolicy::input},
                                                  {"ftcp", CommitPolicy::ftcp}});
}
void set_application(Setup& s, std::string_view v) {
  s.application =
      one_of<std::string>(v, {{"quiet", "quiet"}, {"reader", "reader"}, {"echo", "echo"}});
}

const std::map<std::string, Set, std::less<>>& settings() {
  using C = ConnectionConfig;
  using S = SenderConfig;
  using R = ReplicationConfig;
  static const std::map<std::string, Set, std::less<>> kSettings = {
      {"mtu", count(&C::mtu)},
      {"personality", set_personality},
      {"window_scaling", on_off(&C::window_scaling)},
      {"timestamps", on_off(&C::timestamps)},
      {"sack", on_off(&C::sack)},
      {"ecn", on_off(&C::ecn)},
      {"nagle", on_off(&C::nagle)},
      {"send_buffer", count(&C::send_buffer)},
      {"receive_buffer", count(&C::receive_buffer)},
      {"delayed_ack", time(&C::delayed_ack)},
      {"time_wait", time(&C::time_wait)},
      {"fin_wait_2", time(&C::fin_wait_2)},
      {"keepalive_idle", time(&C::keepalive_idle)},
      {"keepalive_interval", time(&C::keepalive_interval)},
      {"keepalive_count", count(&C::keepalive_count)},
      {"user_timeout", time(&C::user_timeout)},
      {"retries", count(&C::retries)},
      {"syn_retries", count(&C::syn_retries)},
      {"congestion", set_congestion},
      {"initial_window",
       [](Setup& s, std::string_view v) {
         s.connection.sender.initial_window_segments = static_cast<std::uint32_t>(scene::number(v));
       }},
      {"rto_initial", sender_time(&S::rto_initial)},
      {"rto_min", sender_time(&S::rto_min)},
      {"rto_max", sender_time(&S::rto_max)},
      {"rack_tlp", sender_on_off(&S::rack_tlp)},
      {"prr", sender_on_off(&S::prr)},
      {"policy", set_policy},
      {"heartbeat", replication_time(&R::heartbeat)},
      {"lease", replication_time(&R::lease)},
      {"missed_max", replication_count(&R::missed_max)},
      {"log_size_max", replication_count(&R::log_size_max)},
      {"half_open_max", number(&Setup::half_open_count_max)},
      {"connections_max", number(&Setup::connection_count_max)},
      {"chunks", number(&Setup::chunk_count)},
      {"peer_isn", number(&Setup::peer_isn)},
      {"application", set_application},
      {"mirror", [](Setup& s, std::string_view v) { s.mirror = scene::on_or_off(v); }},
      {"replication_delay",
       [](Setup& s, std::string_view v) { s.replication_delay = scene::duration(v); }},
      {"tolerance", [](Setup& s, std::string_view v) { s.tolerance = scene::duration(v); }},
  };
  return kSettings;
}

}  // namespace

void configure(Setup& setup, std::string_view text) {
  Cursor line(text);
  const std::string word = line.take_word();
  if (word == "set") {
    const std::string key = line.take_word();
    const auto found = settings().find(key);
    if (found == settings().end()) throw Wrong("`" + key + "` is no setting (setup.cc has them)");
    found->second(setup, line.take_word());
  } else if (word == "pair") {
    setup.is_pair = true;
    setup.replication.witness = line.take("witness");
    if (setup.replication.policy == CommitPolicy::none)
      setup.replication.policy = CommitPolicy::output;
  } else if (!line.take("ipv4") && !line.take("ipv6")) {
    throw Wrong("`" + std::string(text) + "` is not only ipv4 or only ipv6");
  }
  if (!line.at_end()) throw Wrong("`" + std::string(line.rest()) + "` is too much");
}

Ends ends_of(const Setup& setup) {
  if (setup.family == Family::v4)
    return {{*Address::parse("10.255.0.1"), 80}, {*Address::parse("10.1.0.1"), kPort}};
  return {{*Address::parse("2001:db8::1"), 80}, {*Address::parse("2001:db8:1::1"), kPort}};
}

std::uint32_t mtu_of(const Setup& setup, std::uint32_t mtu) {
  return setup.family == Family::v4 ? mtu : mtu + 20;
}

}  // namespace poise::tcp::script
