// Hands the lab's devices and orders to ns-3, and ns-3's figures to the lab.
#include "bindings/emu.h"

#if defined(POISE_WORLD_NS3) && defined(POISE_WORLD_LAB)
#include <cstdint>
#include <optional>

#include "sim/ns3/emu.h"

namespace poise::python {

namespace {

using ns3world::EmulationReport;
using realnet::lab::Fabric;
using realnet::lab::FabricOrder;

void obey(const FabricOrder& order, ns3world::Network& network) {
  switch (order.kind) {
    case FabricOrder::Kind::present:
      return network.set_present(order.id, order.value != 0);
    case FabricOrder::Kind::partitioned:
      return network.set_partitioned(order.id, order.value != 0);
    case FabricOrder::Kind::link_up:
      return network.set_link(order.id, order.value != 0);
    case FabricOrder::Kind::extra_delay:
      return network.set_extra_delay(order.id, Duration{order.value});
    case FabricOrder::Kind::loss:
      return network.set_loss(order.id, order.probability);
  }
}

void tell(const EmulationReport& report, Fabric& fabric) {
  const auto tell = [&fabric](const char* name, std::uint64_t value) {
    fabric.tell(name, static_cast<std::int64_t>(value));
  };
  fabric.tell("network_late_max_ns", report.latest.count());
  tell("network_looks", report.looks);
  tell("network_looks_late", report.looks_late);
  tell("network_from_hosts", report.from_hosts);
  tell("network_to_hosts", report.to_hosts);
  tell("lost_at_host", report.not_taken);
  tell("lost_queue_full", report.losses.queue_full);
  tell("lost_on_link", report.losses.link_loss);
  tell("lost_no_carrier", report.losses.no_carrier);
  tell("lost_no_route", report.losses.no_route);
  tell("lost_too_big", report.losses.too_big);
  tell("lost_ttl_expired", report.losses.ttl_expired);
  tell("lost_bad_checksum", report.losses.bad_checksum);
}

}  // namespace

void carry(const scenario::Plan& plan, Fabric& fabric) {
  ns3world::EmulationOptions options;
  for (const realnet::lab::Attachment& attachment : fabric.attachments())
    options.taps.push_back({attachment.host, attachment.tap.get(), attachment.host_address,
                            attachment.network_address});
  options.on_ready = [&fabric] { fabric.tell("ready", 1); };
  options.obey = [&fabric](ns3world::Network& network) {
    while (const std::optional<FabricOrder> order = fabric.next_order()) obey(*order, network);
    return !fabric.is_over();
  };
  tell(ns3world::emulate(plan, options), fabric);
}

}  // namespace poise::python
#endif
