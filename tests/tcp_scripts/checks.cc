// What a script asks of its machines besides packets.
#include <algorithm>
#include <array>
#include <string_view>

#include "model/tcp/connection/connection.h"
#include "tests/tcp_scripts/stage.h"

namespace poise::tcp::script {

namespace {

constexpr std::array<std::string_view, 10> kStates = {
    "CLOSED",     "SYN_SENT",   "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1",
    "FIN_WAIT_2", "CLOSE_WAIT", "CLOSING",      "LAST_ACK",    "TIME_WAIT"};
constexpr std::array<std::string_view, 4> kRoles = {"alone", "active", "standby", "fenced"};

void expect_fits(const std::vector<std::string>& words, std::size_t at, const std::string& there) {
  if (at >= words.size()) throw Wrong("a value is missing");
  if (!fits(words[at], there)) throw Wrong("expected " + words[at] + ", but it is " + there);
}

std::string word_of(auto words, auto value) {
  return std::string(words[static_cast<std::size_t>(value)]);
}

std::optional<std::uint64_t> host_count(const Host::Counters& counters, std::string_view name) {
  if (name == "segments_in") return counters.segments_in;
  if (name == "segments_out") return counters.segments_out;
  if (name == "malformed") return counters.malformed;
  if (name == "silent") return counters.silent;
  if (name == "refused") return counters.refused;
  if (name == "cookies") return counters.cookies;
  if (name == "resets") return counters.resets;
  return std::nullopt;
}

std::optional<std::uint64_t> sender_count(const Sender::Counters& counters, std::string_view name) {
  if (name == "retransmitted") return counters.retransmitted;
  if (name == "timeouts") return counters.timeouts;
  if (name == "recoveries") return counters.recoveries;
  if (name == "tail_probes") return counters.tail_probes;
  if (name == "spurious") return counters.spurious;
  return std::nullopt;
}

}  // namespace

// Nothing that left before or now is unexpected.
void Stage::quiet(const Words&) {
  refuse_unexpected(kNever);
}

void Stage::check_state(const Words& words) {
  const Connection* found = connection();
  expect_fits(words, 0, found ? word_of(kStates, found->state()) : "NONE");
}

void Stage::check_window(const Words& words) {
  (void)stream();
  const Sender& sender = connection()->sender();
  expect_fits(words, 0,
              std::to_string(verb_ == "cwnd"       ? sender.congestion_window()
                             : verb_ == "ssthresh" ? sender.slow_start_threshold()
                                                   : sender.in_flight()));
}

// In milliseconds: rto 200, srtt 95~105.
void Stage::check_time(const Words& words) {
  (void)stream();
  const Sender& sender = connection()->sender();
  const Duration time = verb_ == "rto" ? sender.rto() : sender.srtt().value_or(Duration{});
  expect_fits(words, 0,
              std::to_string(std::chrono::round<std::chrono::milliseconds>(time).count()));
}

void Stage::check_stream(const Words& words) {
  const Stream& both = stream();
  expect_fits(words, 0,
              std::to_string(verb_ == "consumed"       ? both.consumed()
                             : verb_ == "received"     ? both.received()
                             : verb_ == "acknowledged" ? both.acknowledged()
                             : verb_ == "committed"    ? both.committed()
                             : verb_ == "written"      ? both.written()
                                                       : both.room()));
}

void Stage::check_blob(const Words& words) {
  const auto blob = stream().blob();
  expect_fits(words, 0, std::string(blob.begin(), blob.end()));
}

// count NAME N [at HOST]: the host's counters, or those of the connection's sender.
void Stage::check_count(const Words& words) {
  if (words.size() < 2) throw Wrong("expected `count NAME N`");
  const int at = words.size() > 3 && words[2] == "at" ? machine(words[3]) : machines_.serving();
  const Host* host = machines_.replica(at);
  if (!host) throw Wrong("that host is crashed");
  auto count = host_count(host->counters(), words[0]);
  if (!count && connection()) count = sender_count(connection()->sender().counters(), words[0]);
  if (!count) throw Wrong("`" + words[0] + "` is no counter here");
  expect_fits(words, 1, std::to_string(*count));
}

void Stage::check_role(const Words& words) {
  if (words.size() != 2) throw Wrong("expected `role HOST ROLE`");
  const Host* host = machines_.replica(machine(words[0]));
  expect_fits(words, 1, host ? word_of(kRoles, host->role()) : "crashed");
}

void Stage::check_epoch(const Words& words) {
  expect_fits(words, 0, std::to_string(serving().epoch()));
}

void Stage::check_protected(const Words& words) {
  expect_fits(words, 0, serving().is_protected() ? "yes" : "no");
}

// notice HOST KIND [SUBJECT]: was said since the last such step.
void Stage::check_notice(const Words& words) {
  std::string pattern;
  for (const std::string& word : words) pattern += word + " ";
  const auto found = std::find_if(notices_.begin(), notices_.end(), [&](const std::string& said) {
    return scene::matches(pattern + "*", said + " ");
  });
  if (found == notices_.end()) throw Wrong("nobody said so");
  notices_.erase(notices_.begin(), found + 1);
}

}  // namespace poise::tcp::script
