// The names of what streams count.
#include "realnet/control/limits.h"

namespace poise::realnet {

std::string_view to_string(StreamCount count) {
  static constexpr std::array<std::string_view, kStreamCountNumber> kNames{"accepted",
                                                                           "dialled",
                                                                           "authenticated",
                                                                           "refused_connections",
                                                                           "refused_source",
                                                                           "refused_handshakes",
                                                                           "delayed_accepts",
                                                                           "descriptors_exhausted",
                                                                           "accepts_failed",
                                                                           "connects_failed",
                                                                           "handshakes_failed",
                                                                           "handshakes_timed_out",
                                                                           "names_refused",
                                                                           "unsent_overflown",
                                                                           "lost",
                                                                           "callbacks_failed"};
  return kNames[static_cast<std::size_t>(count)];
}

}  // namespace poise::realnet
