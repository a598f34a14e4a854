// The blob says where the request that is served ends, and where its answer does.
#include "model/scenario/exchange_server.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "model/scenario/content.h"
#include "model/scenario/request.h"

namespace poise::scenario {

namespace {

using Piece = std::array<std::uint8_t, 16384>;  // what is looked at and written at once

// Offsets of the stream: exclusive ends of what is asked and of what is answered.
struct Served {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
};
using Blob = std::array<std::uint8_t, sizeof(Served)>;  // little-endian hosts alone (base)

std::optional<Served> served_of(std::span<const std::uint8_t> blob) {
  if (blob.size() != sizeof(Served)) return std::nullopt;
  Blob bytes;
  std::copy(blob.begin(), blob.end(), bytes.begin());
  return std::bit_cast<Served>(bytes);
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a + std::min(b, ~std::uint64_t{0} - a);
}

// True: there is a request to serve now.
bool take_head(tcp::Stream& stream) {
  std::array<std::uint8_t, Request::kSize> head;
  if (stream.read_at(stream.consumed(), head) < head.size()) return false;
  const Request request = Request::decode(head);
  const std::uint64_t size = std::max<std::uint64_t>(request.request_bytes, Request::kSize);
  const Served served{sum(stream.consumed(), size),
                      sum(stream.committed(), request.response_bytes)};
  return stream.commit(stream.consumed() + Request::kSize, stream.committed(),
                       std::bit_cast<Blob>(served));
}

// What came up to `end` is as it should be.
bool is_content(const tcp::Stream& stream, std::uint64_t end) {
  const Content content(Content::From::client, stream.key().source_port);
  Piece piece;
  for (std::uint64_t at = stream.consumed(); at < end;) {
    const std::span bytes = std::span(piece).first(std::min<std::uint64_t>(end - at, piece.size()));
    if (stream.read_at(at, bytes) != bytes.size() || content.difference(at, bytes)) return false;
    at += bytes.size();
  }
  return true;
}

}  // namespace

// True: the request was read and answered.
bool ExchangeServer::serve(tcp::Stream& stream, std::uint64_t asked, std::uint64_t answered) const {
  const std::uint64_t consumed = std::min(asked, stream.received());
  if (reading_ == Reading::strict && !is_content(stream, consumed)) {
    stream.abort();
    return false;
  }
  if (consumed != stream.consumed() && !stream.commit(consumed, stream.committed(), stream.blob()))
    return false;
  if (consumed < asked) {
    if (stream.peer_closed()) stream.close();  // a part of a request is nothing
    return false;
  }
  const Content content(Content::From::server, stream.key().source_port);
  Piece piece;
  while (stream.committed() < answered) {
    const std::uint64_t at = stream.committed();
    const std::uint64_t room = stream.room() + (stream.written() - at);
    const std::span bytes = std::span(piece).first(std::min({answered - at, room, piece.size()}));
    content.write(at, bytes);
    if (stream.write_at(at, bytes) == tcp::WriteResult::closed) return false;
    const std::uint64_t end = std::min(stream.written(), at + bytes.size());
    if (end == at || !stream.commit(consumed, end, stream.blob())) return false;
  }
  return stream.commit(consumed, stream.committed(), {});
}

void ExchangeServer::on_ready(Instant, tcp::Stream& stream) {
  while (true) {
    if (stream.blob().empty() && !take_head(stream)) break;
    const std::optional<Served> served = served_of(stream.blob());
    if (!served) return stream.abort();
    if (!serve(stream, served->asked, served->answered)) return;
  }
  if (stream.peer_closed()) stream.close();  // a part of a request is nothing
}

}  // namespace poise::scenario
