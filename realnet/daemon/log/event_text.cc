// An event as one line of text.

#include <algorithm>

#include "model/scenario/schema.h"
#include "realnet/daemon/log/log.h"

namespace poise::realnet {
namespace {

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

}  // namespace

LogField::LogField(std::string_view name, Duration duration)
    : key(name), value(scenario::to_toml(duration)) {}

std::string event_text(std::string_view kind, Log::Fields fields) {
  std::string text(kind);
  for (const LogField& field : fields) {
    const bool is_word =
        !field.value.empty() && std::all_of(field.value.begin(), field.value.end(), is_plain);
    text += ' ';
    text += field.key;
    text += '=';
    text += is_word ? field.value : scenario::quoted(field.value);
  }
  return text;
}

}  // namespace poise::realnet
