// The steps of a script, one after the other.
#include "tests/tcp_scripts/stage.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace poise::tcp::script {

namespace {

std::string time_text(Instant at) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", to_seconds(at - kBegin));
  return text.data();
}

std::int64_t milliseconds(Instant at) {
  return std::chrono::floor<std::chrono::milliseconds>(at - kBegin).count();
}

}  // namespace

Report play(const Script& script) {
  Stage stage(script);
  stage.play();
  return std::move(stage.report());
}

Stage::Stage(const Script& script)
    : script_(script), laws_(script.setup.is_pair), machines_(script.setup, *this) {}

void Stage::play() {
  for (const Step& step : script_.steps) {
    try {
      play(step);
      if (!broken_.empty()) throw Wrong(broken_);
    } catch (const Wrong& wrong) {
      report_.failure = "line " + std::to_string(step.line) + ": `" + step.text +
                        "`: " + (broken_.empty() ? wrong.what() : broken_.c_str());
      break;
    }
  }
  if (report_.failure.empty() && !sent_.empty())
    report_.failure = "the end: nobody expected `> " + sent_.front().packet.to_string() + "` at " +
                      time_text(sent_.front().at);
  report_.digest = machines_.digest();
}

void Stage::play(const Step& step) {
  const Instant base = step.when.is_relative ? base_ : kBegin;
  const Instant from = base + step.when.from, to = base + step.when.to;
  if (step.kind == Step::Kind::outbound) return expect(step, from, to);
  machines_.run_until(from);
  refuse_unexpected(from - script_.setup.tolerance);
  if (step.kind == Step::Kind::verb) {
    Words words = step.words;
    port_ = kPort;
    if (words.size() > 2 && words[0] == "port") {
      port_ = static_cast<std::uint16_t>(scene::number(words[1], 65535));
      words.erase(words.begin(), words.begin() + 2);
    }
    verb_ = words[0];
    const auto verb = verbs().find(verb_);
    if (verb == verbs().end()) throw Wrong("`" + verb_ + "` is no verb (README.md has them)");
    words.erase(words.begin());
    (this->*verb->second)(words);
  } else {
    receive(step);
  }
  base_ = from;
}

void Stage::receive(const Step& step) {
  Numbering& numbers = numbering(step.packet.port);
  const Ends ends = ends_of(script_.setup);
  const bool is_icmp = step.kind == Step::Kind::icmp;
  note(machines_.now(), "< " + (is_icmp ? "icmp " + step.icmp : step.packet.to_string()));
  machines_.deliver(
      is_icmp ? encode_icmp(step.icmp, mtu_of(script_.setup, step.mtu), step.packet, ends, numbers)
              : encode(step.packet, ends, numbers));
}

void Stage::expect(const Step& step, Instant from, Instant to) {
  const Duration tolerance = script_.setup.tolerance;
  const std::string wanted = "> " + step.packet.to_string();
  while (sent_.empty() && broken_.empty() && machines_.step(to + tolerance)) {
  }
  if (!broken_.empty()) return;
  if (sent_.empty()) throw Wrong("nothing came by " + time_text(to + tolerance));
  const Sent came = sent_.front();
  const std::string what = "`> " + came.packet.to_string() + "` came at " + time_text(came.at);
  if (const std::string why = difference(step.packet, came.packet); !why.empty())
    throw Wrong("expected " + why + "; " + what);
  if (came.at < from - tolerance || came.at > to + tolerance)
    throw Wrong("expected at " + time_text(from) + (from == to ? "" : " to " + time_text(to)) +
                "; " + what);
  sent_.pop_front();
  base_ = step.when.is_exact() ? from : came.at;
}

void Stage::refuse_unexpected(Instant before) {
  if (!sent_.empty() && sent_.front().at < before)
    throw Wrong("before it, nobody expected `> " + sent_.front().packet.to_string() + "` at " +
                time_text(sent_.front().at));
}

void Stage::left(Instant at, int replica, std::span<const std::uint8_t> bytes) {
  try {
    const PacketText packet = decode(bytes, numbering(peer_port(bytes)), milliseconds(at));
    const std::string who = script_.setup.is_pair ? (replica == 0 ? "a " : "b ") : "";
    note(at, who + "> " + packet.to_string());
    sent_.push_back({at, packet});
    if (Host* sender = machines_.replica(replica)) laws_.check(bytes, replica, sender->epoch());
  } catch (const Wrong& wrong) {
    if (broken_.empty()) broken_ = wrong.what();
  }
}

void Stage::noticed(Instant at, testing::Node node, const Notice& notice) {
  const std::string said = std::string(1, "?abw"[static_cast<std::size_t>(node)]) + " " +
                           notice.kind + " " + notice.subject + " " + notice.detail;
  note(at, "notice " + said);
  notices_.push_back(said);
}

void Stage::note(Instant at, const std::string& text) {
  report_.history.push_back(time_text(at) + " " + text);
}

Numbering& Stage::numbering(std::uint16_t port) {
  const auto [found, is_new] = numberings_.try_emplace(port);
  if (is_new) found->second.theirs = script_.setup.peer_isn;
  return found->second;
}

const std::map<std::string, Stage::Verb, std::less<>>& Stage::verbs() {
  static const std::map<std::string, Verb, std::less<>> kVerbs = {
      {"connect", &Stage::connect},
      {"accept", &Stage::accept},
      {"write", &Stage::write},
      {"read", &Stage::read},
      {"write_at", &Stage::write_at},
      {"commit", &Stage::commit},
      {"close", &Stage::close},
      {"abort", &Stage::abort},
      {"quiet", &Stage::quiet},
      {"state", &Stage::check_state},
      {"cwnd", &Stage::check_window},
      {"ssthresh", &Stage::check_window},
      {"in_flight", &Stage::check_window},
      {"rto", &Stage::check_time},
      {"srtt", &Stage::check_time},
      {"consumed", &Stage::check_stream},
      {"received", &Stage::check_stream},
      {"acknowledged", &Stage::check_stream},
      {"committed", &Stage::check_stream},
      {"written", &Stage::check_stream},
      {"room", &Stage::check_stream},
      {"blob", &Stage::check_blob},
      {"count", &Stage::check_count},
      {"role", &Stage::check_role},
      {"epoch", &Stage::check_epoch},
      {"protected", &Stage::check_protected},
      {"notice", &Stage::check_notice},
      {"crash", &Stage::crash},
      {"kill", &Stage::crash},
      {"restart", &Stage::restart},
      {"pause", &Stage::pause},
      {"wake", &Stage::wake},
      {"promote", &Stage::order},
      {"migrate", &Stage::order},
      {"solo", &Stage::order},
      {"partition", &Stage::cut},
      {"heal", &Stage::heal},
      {"lose", &Stage::lose},
      {"delay", &Stage::delay},
      {"expire", &Stage::expire},
      {"renumber", &Stage::renumber},
  };
  return kVerbs;
}

}  // namespace poise::tcp::script
