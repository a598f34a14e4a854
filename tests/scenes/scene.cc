// The timed lines of a scene, and the outcomes that stand indented below them.
#include "tests/scenes/scene.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "tests/scenes/configuration.h"
#include "tests/scenes/datagram_text.h"
#include "tests/scenes/text.h"

namespace poise::scene {
namespace {

Outcome take_outcome(std::string_view text) {
  Cursor line(text);
  Outcome outcome;
  if (line.take("reaches ")) {
    outcome.kind = OutcomeKind::reaches;
    outcome.what = line.take_word();
  } else if (line.take("avoids ")) {
    outcome.kind = OutcomeKind::avoids;
    outcome.what = line.take_word();
  } else if (line.take("drop ")) {
    outcome.kind = OutcomeKind::drop;
    outcome.what = "drop_" + line.take_word();
  } else if (line.take("pass")) {
    outcome.kind = OutcomeKind::pass;
  } else if (line.take("icmp frag-needed mtu ")) {
    outcome.kind = OutcomeKind::frag_needed;
    outcome.what = std::to_string(line.take_number());
  } else {
    throw Wrong("`" + std::string(text) +
                "` is none of reaches, avoids, drop, pass, icmp frag-needed mtu");
  }
  if (!line.at_end()) throw Wrong("`" + std::string(line.rest()) + "` is too much");
  return outcome;
}

std::string take_quoted(Cursor& line) {
  line.must_take("\"");
  return line.take_until("\"");
}

bool is_one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "client", "client@lb2", "wire@web1", "mallory", "web1".
void take_place(const std::string& subject, Step& step) {
  const std::size_t at = subject.find('@');
  const std::string who = subject.substr(0, at);
  const std::string where = at == std::string::npos ? "" : subject.substr(at + 1);
  step.subject = who;
  step.place = Place::stack;
  if (who == "client") {
    step.place = Place::client;
    step.balancer = where;
  } else if (who == "wire") {
    step.place = Place::wire;
    step.subject = where;
  } else if (who.starts_with("stranger")) {
    step.place = Place::stranger;
    step.balancer = where;
  }
}

void take_datagrams(Cursor& line, Step& step) {
  const bool out = line.take(">");
  if (!out) line.must_take("<");
  if (step.place == Place::stranger) {
    step.kind = out ? StepKind::say : StepKind::hear;
    step.text = line.take("end") ? "end" : line.take("SANE") ? "SANE" : take_quoted(line);
  } else if (out) {
    step.kind = StepKind::send;
    step.bytes = datagram(line.rest());
    line = Cursor("");
  } else {
    step.kind = StepKind::see;
    step.text = line.rest();
    line = Cursor("");
  }
}

void take_at(Cursor& line, Step& step) {
  if (line.take("at ")) step.balancer = line.take_word();
}

void take_action(Cursor& line, Step& step) {
  const std::string word = line.take_word();
  if (is_one_of(word, {"drain", "pause", "resume", "deregister"})) {
    step.kind = StepKind::order;
    step.text = word;
    step.to_agent = line.take("agent ");
    step.subject = line.take_word();
    take_at(line, step);
  } else if (word == "replica") {
    step.kind = StepKind::server;
    step.subject = line.take_word();
    step.text = line.rest();
    line = Cursor("");
  } else if (is_one_of(word, {"start", "crash", "silence", "cut", "heal"})) {
    step.kind = StepKind::host;
    step.text = word;
    step.subject = line.take_word();
  } else if (word == "expect") {
    step.kind = StepKind::state;
    step.subject = line.take_word();
    step.text = line.take_word();
    take_at(line, step);
  } else if (word == "count") {
    step.kind = StepKind::count;
    step.text = line.take_word();
    step.number = line.take_number();
    take_at(line, step);
  } else if (word == "notice") {
    step.kind = StepKind::notice;
    step.text = line.rest();
    line = Cursor("");
  } else if (word == "flood") {
    step.kind = StepKind::flood;
    step.number = line.take_number(60000);
    take_at(line, step);
  } else {
    take_place(word, step);
    if (step.place == Place::stranger && line.take("up")) {
      step.kind = StepKind::join;
    } else if (step.place == Place::stranger && line.take("down")) {
      step.kind = StepKind::leave;
    } else {
      take_datagrams(line, step);
    }
  }
  if (!line.at_end()) throw Wrong("`" + std::string(line.rest()) + "` is too much");
}

// One line after another; what they mean depends on what came before.
class Reader {
 public:
  void take(int number, std::string_view text) {
    if (trim(text).empty()) return;
    if (text.front() == '#') {
      if (scene_.law.empty()) scene_.law = trim(text.substr(1));
    } else if (text.front() == ' ') {
      if (scene_.steps.empty() || scene_.steps.back().kind != StepKind::send)
        throw Wrong("an outcome belongs to a datagram that was sent");
      scene_.steps.back().outcomes.push_back(take_outcome(trim(text)));
      scene_.steps.back().outcomes.back().line = number;
    } else if (std::isdigit(static_cast<unsigned char>(text.front())) || text.front() == '+') {
      take_step(number, text);
    } else if (scene_.steps.empty()) {
      configuration_.take(text);
    } else {
      throw Wrong("configuration comes before the first time");
    }
  }

  Scene finish() {
    configuration_.finish(scene_);
    if (scene_.law.empty()) throw Wrong("the first line is a comment that says the law");
    if (scene_.steps.empty()) throw Wrong("nothing happens");
    return std::move(scene_);
  }

 private:
  void take_step(int number, std::string_view text) {
    Cursor line(text);
    Step step;
    step.line = number;
    const bool relative = line.take("+");
    const Duration before = scene_.steps.empty() ? Duration{} : scene_.steps.back().at;
    step.at = duration(line.take_word()) + (relative ? before : Duration{});
    if (step.at < before) throw Wrong("time runs backwards");
    take_action(line, step);
    scene_.steps.push_back(std::move(step));
  }

  Scene scene_;
  Configuration configuration_;
};

}  // namespace

Scene parse(std::string_view text) {
  Reader reader;
  int number = 0;
  try {
    while (!text.empty()) {
      ++number;
      const std::size_t end = text.find('\n');
      reader.take(number, text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return reader.finish();
  } catch (const Wrong& wrong) {
    throw Wrong("line " + std::to_string(number) + ": " + wrong.what());
  }
}

}  // namespace poise::scene
