// The documentation of a plan's keys, from the schema.

#include "model/policy/policy.h"
#include "model/scenario/plan_toml.h"
#include "model/scenario/schema.h"

namespace poise::scenario {
namespace {

std::string type_text(const Field& field) {
  switch (field.type) {
    case Type::boolean:
      return "boolean";
    case Type::integer:
      return "integer";
    case Type::number:
      return "number";
    case Type::seconds:
      return "seconds";
    case Type::text:
      return "text";
    case Type::word:
    case Type::policy:
      return "word";
    case Type::address:
      return "address";
    case Type::texts:
      return "list of texts";
    case Type::integers:
      return "list of integers";
    case Type::points:
      return "list of pairs";
    case Type::overrides:
      return "table";
    case Type::table:
    case Type::tables:
      break;
  }
  return "";
}

std::string allowed_text(const Field& field) {
  std::string text;
  if (field.type == Type::policy) {
    for (const policy::Entry& entry : policy::catalogue())
      text += (text.empty() ? "" : ", ") + std::string(entry.kind);
    return text + ", or a custom one";
  }
  for (const std::string_view word : field.words)
    text += (text.empty() ? "" : ", ") + std::string(word);
  if (field.max > field.min) text = range_text(field);
  return text;
}

void describe_table(const Table& table, bool is_list, std::string& out) {
  const std::string name(table.name);
  out += table.name.empty() ? "### Top level\n\n"
         : is_list          ? "### [[" + name + "]]\n\n"
                            : "### [" + name + "]\n\n";
  out += "| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : table.fields) {
    if (!field.get) continue;
    const std::string initial =
        field.required ? "required" : "`" + to_toml(field.get(table.defaults)) + "`";
    out += "| `" + std::string(field.name) + "` | " + type_text(field) + " | " + initial + " | " +
           allowed_text(field) + " | " + std::string(field.doc) + " |\n";
  }
  out += "\n";
  for (const Field& field : table.fields)
    if (field.table) describe_table(*field.table, field.type == Type::tables, out);
}

}  // namespace

std::string describe_schema() {
  std::string out;
  describe_table(plan_table(), false, out);
  return out;
}

}  // namespace poise::scenario
