// The one list of a daemon's keys, a table a role: reading, checking, flags, environment, printing,
// reloading and the manual pages are generated from it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "model/scenario/schema.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

// Tables of BalancerSettings and AgentSettings. All their sections are reached through the whole
// struct; only the elements of lists are structs of their own.
const scenario::Table& balancer_table();
const scenario::Table& agent_table();
const scenario::Table& tcp_server_table(Service service);  // of TcpServerSettings
const scenario::Table& witness_table();                    // of WitnessSettings

// True of keys that a running daemon takes over when it reloads; the others need a restart.
bool may_change_while_running(std::string_view key);

// Calls visit(path, field, object) for every key that holds a value or a list of tables, in the
// schema's order: "name", "control.listen", "vip". The object is what field.get takes.
using Visit =
    std::function<void(const std::string& path, const scenario::Field& field, const void* object)>;
void for_each_key(const scenario::Table& table, const void* object, const Visit& visit);

// TOML of a key's value; a list of tables as an array of inline tables.
std::string value_text(const scenario::Field& field, const void* object);

}  // namespace poise::realnet
