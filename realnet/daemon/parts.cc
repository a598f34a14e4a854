// What the roles build their daemons from.
#include "realnet/daemon/parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "realnet/system/clock.h"

namespace poise::realnet {

Credentials credentials_of(const CredentialSettings& settings) {
  if (settings.plain) return Credentials::plain();
  if (!settings.psk_file.empty())
    return Credentials::load(Credentials::KeyFile{settings.psk_file, settings.psk_identity});
  return Credentials::load(Credentials::Certificates{settings.certificate_file, settings.key_file,
                                                     settings.authority_file,
                                                     settings.allowed_names});
}

QueueSettings queue_of(const PacketSettings& settings, std::uint32_t index) {
  return {.number = static_cast<std::uint16_t>(settings.first_queue + index),
          .length = settings.queue_length,
          .burst = settings.burst,
          .fail_open = settings.fail == Fail::open};
}

Seat seat_of(const PacketSettings& settings, std::uint32_t index) {
  Seat seat{.patient = settings.turns == Turns::patient, .nice = settings.nice};
  if (!settings.cpus.empty()) seat.cpu = settings.cpus[index % settings.cpus.size()];
  return seat;
}

Emission emission_of(const PacketSettings& settings) {
  switch (settings.emit) {
    case Emit::automatic:
    case Emit::verdict:
      return Emission::verdict;
    case Emit::raw:
      return Emission::raw;
    case Emit::tun:
      return Emission::inward;
  }
  return Emission::verdict;
}

// PAUSE drains where flows are tracked (model/balancer/README.md); the other wish is `now`.
std::optional<Command::Kind> order_of(const nlohmann::json& request) {
  const std::string what = request.at("do");
  const bool at_once = request.value("now", false);
  if (what == "pause") return at_once ? Command::Kind::pause : Command::Kind::drain;
  if (what == "drain") return Command::Kind::drain;
  if (what == "resume") return Command::Kind::resume;
  if (what == "deregister") return Command::Kind::deregister;
  return std::nullopt;
}

std::optional<ReplicaStatus> replica_of(const nlohmann::json& request) {
  const auto word = [&](const char* key) -> std::string {
    const auto found = request.find(key);
    if (found == request.end()) return "";
    return found->is_string() ? found->get<std::string>() : found->dump();
  };
  return parse_replica(split("REPLICA " + word("pair") + ' ' + word("index") + ' ' + word("epoch") +
                             ' ' + word("state")));
}

std::string reloaded(const Changes& changes) {
  const auto joined = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
    return text;
  };
  if (changes.empty()) return "nothing has changed; credentials and log were opened anew";
  std::string text = changes.running.empty() ? "" : "changed: " + joined(changes.running);
  if (!changes.restart.empty())
    text += (text.empty() ? "" : ". ") + ("only a restart changes " + joined(changes.restart));
  return text;
}

std::uint64_t seed_of(std::uint64_t given, Log& log) {
  constexpr std::uint64_t kDrawnMax = (std::uint64_t{1} << 62) - 1;  // a settings file can hold it
  const std::uint64_t seed = given != 0 ? given : (entropy() & kDrawnMax) | 1;
  log.event("seed", {{"seed", seed}});
  return seed;
}

double shown_seconds(Duration duration) {
  return std::round(to_seconds(duration) * 1e3) / 1e3;
}

void write_notice(Log& log, const Notice& notice) {
  constexpr std::array<std::string_view, 10> kBad{"lost",     "down",      "failed",  "refused",
                                                  "orphaned", "forgotten", "waiting", "fenced",
                                                  "alone",    "hung-up"};
  const bool is_bad = std::ranges::find(kBad, notice.kind) != kBad.end();
  log.write(is_bad ? LogLevel::warning : LogLevel::info, notice.kind,
            {{"name", notice.subject}, {"why", notice.detail}});
}

}  // namespace poise::realnet
