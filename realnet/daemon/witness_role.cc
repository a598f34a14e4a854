// The life of a witness.
#include "realnet/daemon/witness_role.h"

#include <utility>

#include "realnet/control/endpoint.h"
#include "realnet/daemon/metrics/exposition.h"
#include "realnet/daemon/parts.h"
#include "realnet/daemon/settings/credentials.h"
#include "realnet/daemon/tcp_parts.h"
#include "realnet/system/clock.h"

namespace poise::realnet {

// It only answers: it has no packets and no deadlines.
struct WitnessRole::World {
  WitnessRole& role;

  void transmit(const Packet&) {}
  void send(const Message& message) {
    if (message.kind == Message::Kind::bytes)
      role.listener_->send(message.peer, message.bytes);
    else if (message.kind == Message::Kind::close)
      role.listener_->close(message.peer);
  }
  void notice(const Notice& notice) { write_notice(role.frame_.log(), notice); }
  void wake_at(Instant) {}
};

template <class Event>
void WitnessRole::act(Event&& event) {
  event(now(), witness_);
  World world{*this};
  poise::drain(witness_, world);
}

WitnessRole::WitnessRole(const WitnessSettings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      frame_(settings.name, settings.log, settings.state),
      witness_(settings.replication) {
  listener_.emplace(
      frame_.io(), endpoint_of(settings_.listen.address, settings_.listen.port),
      load_credentials(settings_.credentials), settings_.limits,
      StreamEvents{.on_peer =
                       [this](PeerId peer, PeerEvent event) {
                         act([&](Instant at, tcp::Witness& w) { w.on_peer(at, peer, event); });
                       },
                   .on_message =
                       [this](PeerId peer, std::span<const std::uint8_t> bytes) {
                         act([&](Instant at, tcp::Witness& w) { w.on_message(at, peer, bytes); });
                       },
                   .log =
                       [this](const std::string& what) {
                         frame_.log().warning("stream", {{"what", what}});
                       }});
}

int WitnessRole::run() {
  take_precedence(settings_.precedence, frame_.log());
  act([](Instant at, tcp::Witness& witness) { witness.start(at); });
  const int status =
      frame_.run(role(), settings_.operator_side.socket, settings_.metrics, Duration{});
  listener_.reset();
  return status;
}

Frame::Role WitnessRole::role() {
  return {.name = "witness",
          .answer =
              [](const nlohmann::json& request, const Reply& reply) {
                reply(refused("a witness does not know \"" + request.at("do").get<std::string>() +
                              '"'));
              },
          .status = [this] { return status(); },
          .reload = [this] { return reload(); },
          .drain = [this] { frame_.finish(); },
          .metrics =
              [this] {
                Exposition exposition;
                exposition.gauge("poise_witness_epoch", "The newest epoch that it knows.",
                                 static_cast<double>(witness_.epoch()));
                return exposition.text();
              },
          .unready = [] { return std::string(); }};
}

Answer WitnessRole::status() const {
  Answer status{{"epoch", witness_.epoch()}, {"streams", listener_->connection_count()}};
  if (const auto holder = witness_.holder()) status["holder"] = *holder;
  return status;
}

std::string WitnessRole::reload() {
  const WitnessSettings fresh = read_again_();
  const std::string outcome = reloaded(changes(settings_, fresh));
  listener_->use(load_credentials(fresh.credentials));
  frame_.log().change(fresh.log);
  settings_.log = fresh.log;
  settings_.credentials = fresh.credentials;
  return outcome;
}

}  // namespace poise::realnet
