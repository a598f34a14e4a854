// What the daemons of a plan are told: the configurations that every world gives its machines.
#pragma once

#include <string>

#include "model/scenario/plan.h"
#include "model/scenario/topology.h"

namespace poise::realnet::lab {

// Where one life of a daemon keeps its own.
struct LifeFolder {
  std::string path;  // the folder, absolute

  std::string settings() const { return path + "/settings.toml"; }
  std::string record() const { return path + "/record"; }
  std::string log() const { return path + "/log"; }
  std::string socket() const { return path + "/operator.sock"; }
  std::string secret() const { return path + "/secret"; }

  void make() const;  // throws SystemError
};
// Throws SystemError.
void write_text(const std::string& path, const std::string& text);

// The text of the settings file. REQUIRES: the node is a balancer, or a backend; the plan passed
// check_plan. begin_at: when the agent's host is there, on realnet's clock.
std::string balancer_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                              scenario::NodeId node, const LifeFolder& folder);
std::string agent_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                           scenario::NodeId node, const LifeFolder& folder, Instant begin_at);

// Of a server of failover TCP, which is beside an agent; REQUIRES: the node is a backend.
struct ServerPlace {
  LifeFolder folder;
  std::string agent_socket;
  std::string progress;  // the pipe (realnet/tcp/progress.h); empty: none
  bool is_first_life = true;
};
std::string server_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                            scenario::NodeId node, const ServerPlace& place);
// What its folder must hold beside: the key that it shares with its partner.
std::string server_secret(const scenario::Plan& plan, const scenario::Topology& topology,
                          scenario::NodeId node);
// REQUIRES: witness_of() is the node.
std::string witness_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                             scenario::NodeId node, const LifeFolder& folder);

}  // namespace poise::realnet::lab
