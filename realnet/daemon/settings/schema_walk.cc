// Walking the schema: every key with its path, and its value as TOML.

#include "realnet/daemon/settings/schema.h"

namespace poise::realnet {
namespace {

// The schema reaches list elements through plain pointers; walking only reads them.
void* of(const void* object) {
  return const_cast<void*>(object);
}

std::string element_text(const scenario::Table& table, const void* element) {
  std::string out;
  for (const scenario::Field& field : table.fields)
    out += (out.empty() ? "{ " : ", ") + std::string(field.name) + " = " +
           scenario::to_toml(field.get(element));
  return out + " }";
}

}  // namespace

void for_each_key(const scenario::Table& table, const void* object, const Visit& visit) {
  for (const scenario::Field& field : table.fields) {
    if (field.type == scenario::Type::table) {
      for_each_key(*field.table, field.at(of(object), 0), visit);
    } else {
      const std::string prefix = table.name.empty() ? "" : std::string(table.name) + ".";
      visit(prefix + std::string(field.name), field, object);
    }
  }
}

std::string value_text(const scenario::Field& field, const void* object) {
  if (field.get) return scenario::to_toml(field.get(object));
  std::string out = "[";
  for (std::size_t i = 0; i < field.size(object); ++i)
    out += (i ? ", " : "") + element_text(*field.table, field.at(of(object), i));
  return out + "]";
}

}  // namespace poise::realnet
