// The kernel of one node: its namespace, and what it must not do on its own.
#pragma once

#include <cstddef>
#include <string>

#include "model/scenario/topology.h"
#include "realnet/lab/commands.h"

namespace poise::realnet::lab {

// A named network namespace at `path` in this process's own /run/netns. Throws SystemError.
void make_namespace(const std::string& path);

// In this thread's network namespace: a file below /proc/sys/net. A setting that this kernel does
// not know is not there to disturb.
void set_kernel(const std::string& name, const std::string& value);
// What a kernel does that a plan does not speak of: off.
void settle_kernel(scenario::NodeKind kind);

// The link address of one end (0: a, 1: b) of a link, as text.
std::string link_address(scenario::LinkId link, std::size_t end);

// A node's address on its loopback, and its end of a link up, with the other end known.
void add_address(Commands& commands, const scenario::TopologyNode& node);
void add_link_end(Commands& commands, const scenario::Topology& topology, scenario::NodeId node,
                  scenario::LinkId link);
// A host with one link sends everything there.
void add_default_way(Commands& commands, const scenario::TopologyNode& node, scenario::LinkId link);

}  // namespace poise::realnet::lab
