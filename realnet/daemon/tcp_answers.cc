// What an operator and Prometheus are told about a tcp::Host.
#include <array>
#include <string>

#include "model/tcp/connection/connection.h"
#include "realnet/daemon/tcp_parts.h"

namespace poise::realnet {

namespace {

constexpr std::array<std::string_view, 4> kRoleWords{"alone", "active", "standby", "fenced"};
constexpr std::array<std::string_view, 10> kStateWords{
    "closed",     "syn_sent",   "syn_received", "established", "fin_wait_1",
    "fin_wait_2", "close_wait", "closing",      "last_ack",    "time_wait"};
constexpr std::size_t kRowsMax = 10'000;

struct Figure {
  std::string_view name, help;
  std::uint64_t value;
};

std::vector<Figure> figures_of(const HostLoop& loop) {
  const tcp::Host::Counters& host = loop.host().counters();
  const Tun::Counters& tun = loop.tun().counters();
  const HostLoop::Counters& own = loop.counters();
  return {
      {"segments_in", "Segments that came while it served.", host.segments_in},
      {"segments_out", "Segments of connections that it said.", host.segments_out},
      {"malformed", "Segments with a wrong checksum, and fragments.", host.malformed},
      {"silent", "Datagrams that came while it did not serve.", host.silent},
      {"refused", "Connections for which there was no slot.", host.refused},
      {"cookies", "Handshakes answered without state.", host.cookies},
      {"resets", "Strays answered with a reset.", host.resets},
      {"replies_lost", "Answers that found no room.", host.replies_lost},
      {"device_received", "Datagrams of the device, some of several segments.", tun.received},
      {"device_checksums", "Checksums that the kernel left to us.", tun.checksums},
      {"device_unreadable", "Datagrams that could not be read.", tun.unreadable},
      {"device_sent", "Writes to the device.", tun.sent},
      {"device_refused", "Writes that the kernel refused.", tun.refused},
      {"bursts", "Bursts of datagrams.", own.bursts},
      {"too_late", "Writes withheld because the lease had ended.", own.too_late},
      {"stream_bytes", "Bytes said to the other replica.", own.stream_bytes},
      {"late", "Timers that came more than 2 ms late: it was not run.", own.late},
  };
}

}  // namespace

std::string_view to_string(tcp::Role role) {
  return kRoleWords[static_cast<std::size_t>(role)];
}

Answer connections_of(const tcp::Host& host) {
  Answer rows = Answer::array();
  for (const tcp::Slot slot : host.slots()) {
    const tcp::Connection& connection = *host.connection(slot);
    const FlowKey& key = connection.key();
    rows.push_back({{"slot", slot},
                    {"client", Endpoint{key.source, key.source_port}.to_string()},
                    {"vip", Endpoint{key.destination, key.destination_port}.to_string()},
                    {"state", kStateWords[static_cast<std::size_t>(connection.state())]},
                    {"received", connection.received()},
                    {"consumed", connection.consumed()},
                    {"written", connection.committed()},
                    {"acknowledged", connection.acknowledged()}});
    if (rows.size() == kRowsMax) break;
  }
  return rows;
}

Answer counters_of(const HostLoop& loop) {
  Answer result = Answer::object();
  for (const Figure& figure : figures_of(loop)) result[std::string(figure.name)] = figure.value;
  result["logged"] = loop.host().logged();
  result["committed"] = loop.host().committed();
  result["replica_round_trip_ns"] = loop.replica_round_trip().count();
  return result;
}

void write_figures(const HostLoop& loop, Exposition& exposition) {
  constexpr std::string_view kPrefix = "poise_tcp_";
  for (const Figure& figure : figures_of(loop))
    exposition.counter(std::string(kPrefix) + std::string(figure.name) + "_total", figure.help,
                       static_cast<double>(figure.value));
  const tcp::Host& host = loop.host();
  for (std::size_t i = 0; i < kRoleWords.size(); ++i)
    exposition.gauge("poise_tcp_role", "1 of the role that this replica has.",
                     static_cast<std::size_t>(host.role()) == i,
                     {{"role", std::string(kRoleWords[i])}});
  exposition.gauge("poise_tcp_protected", "1: a standby could take over at once.",
                   host.is_protected());
  exposition.gauge("poise_tcp_epoch", "The newest epoch that it knows.",
                   static_cast<double>(host.epoch()));
  exposition.gauge("poise_tcp_connections", "Connections.",
                   static_cast<double>(host.slots().size()));
  exposition.gauge("poise_tcp_replica_round_trip_seconds",
                   "From something said to the other replica to what it says next: the median.",
                   to_seconds(loop.replica_round_trip()));
  exposition.gauge("poise_tcp_lag_records", "Records that the standby has not acknowledged.",
                   static_cast<double>(host.logged() - host.committed()));
}

}  // namespace poise::realnet
