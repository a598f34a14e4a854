// Echo: as much at a time as there is room for.
#include "model/tcp/application/echo.h"

#include <algorithm>
#include <array>

namespace poise::tcp {

namespace {

constexpr std::size_t kPiece = 16384;

}  // namespace

void Echo::on_ready(Instant, Stream& stream) {
  std::array<std::uint8_t, kPiece> piece;
  while (true) {
    // What was written and not committed, by a life before this one or by a full pool, is written
    // again from the same bytes.
    const std::uint64_t at = stream.committed();
    const std::uint64_t room = stream.room() + (stream.written() - at);
    const std::size_t size = stream.read_at(
        stream.consumed(), std::span(piece).first(std::min<std::uint64_t>(kPiece, room)));
    if (size == 0) break;
    if (stream.write_at(at, std::span(piece).first(size)) == WriteResult::closed) return;
    const std::uint64_t said = std::min<std::uint64_t>(stream.written() - at, size);
    if (said == 0 || !stream.commit(stream.consumed() + said, at + said, {})) break;
  }
  if (stream.peer_closed() && stream.consumed() == stream.received()) stream.close();
}

}  // namespace poise::tcp
