// The life of a witness: a tcp::Witness and the replicas' streams.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/tcp/replication/witness.h"
#include "realnet/control/listener.h"
#include "realnet/daemon/frame.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

class WitnessRole {
 public:
  using ReadAgain = std::function<WitnessSettings()>;

  // Throws SystemError.
  WitnessRole(const WitnessSettings& settings, ReadAgain read_again);

  // Until it is told to stop; the exit status.
  int run();

 private:
  struct World;
  template <class Event>
  void act(Event&& event);
  Frame::Role role();
  Answer status() const;
  std::string reload();

  WitnessSettings settings_;
  ReadAgain read_again_;
  Frame frame_;
  tcp::Witness witness_;
  std::optional<Listener> listener_;
};

}  // namespace poise::realnet
