// Lines of a script: settings first, then steps with their times.
#include "tests/tcp_scripts/script.h"

#include <charconv>

namespace poise::tcp::script {

namespace {

Duration seconds(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    throw Wrong("`" + std::string(text) + "` is not a time in seconds");
  return from_seconds(value);
}

When parse_when(std::string_view text) {
  if (text == "*") return {true, {}, std::chrono::hours{24}};
  When when;
  when.is_relative = text.starts_with("+");
  const std::size_t tilde = text.find('~');
  const auto time = [](std::string_view part) {
    return seconds(part.starts_with("+") ? part.substr(1) : part);
  };
  when.from = when.to = time(text.substr(0, tilde));
  if (tilde != std::string_view::npos) when.to = time(text.substr(tilde + 1));
  return when;
}

// < icmp frag_needed mtu 1400 [1:1461(1460)]
void parse_icmp(Cursor& line, Step& step) {
  step.kind = Step::Kind::icmp;
  step.icmp = line.take_word();
  if (line.take("mtu")) step.mtu = static_cast<std::uint32_t>(line.take_number());
  line.must_take("[");
  step.packet.sequence = line.take_until("]");
}

Step parse_step(std::string_view text) {
  Cursor line(text);
  Step step;
  step.text = text;
  step.when = parse_when(line.take_word());
  if (line.take("<")) {
    step.kind = Step::Kind::inbound;
    if (line.take("icmp"))
      parse_icmp(line, step);
    else
      step.packet = parse_packet(line);
  } else if (line.take(">")) {
    step.kind = Step::Kind::outbound;
    step.packet = parse_packet(line);
  } else {
    while (!line.at_end()) step.words.push_back(line.take_word());
    if (step.words.empty()) throw Wrong("a time without anything that happens");
  }
  return step;
}

bool is_configuration(std::string_view line) {
  return line.starts_with("set ") || line.starts_with("pair") || line.starts_with("only ");
}

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = scene::trim(line.substr(0, line.find("//")));
    if (number > 1 && (line.empty() || line.starts_with("#"))) continue;
    try {
      visit(number, line);
    } catch (const Wrong& wrong) {
      throw Wrong("line " + std::to_string(number) + ": " + wrong.what());
    }
  }
}

}  // namespace

Script parse(std::string_view text, Family family) {
  Script script;
  script.setup.family = family;
  for_each_line(text, [&](int number, std::string_view line) {
    if (number == 1) {
      if (!line.starts_with("# ")) throw Wrong("the first line is not `# LAW`");
      script.law = line.substr(2);
    } else if (is_configuration(line)) {
      if (!script.steps.empty()) throw Wrong("what is configured comes before what happens");
      configure(script.setup, line);
    } else {
      script.steps.push_back(parse_step(line));
      script.steps.back().line = number;
    }
  });
  if (script.steps.empty()) throw Wrong("line 1: a script in which nothing happens");
  return script;
}

bool is_about(std::string_view text, Family family) {
  const bool only_v4 = text.find("\nonly ipv4") != text.npos;
  const bool only_v6 = text.find("\nonly ipv6") != text.npos;
  return family == Family::v4 ? !only_v6 : !only_v4;
}

}  // namespace poise::tcp::script
