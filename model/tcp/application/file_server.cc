// The blob is the name; how much of the file was given is what was committed.
#include "model/tcp/application/file_server.h"

#include <algorithm>
#include <array>

namespace poise::tcp {

namespace {

constexpr std::string_view kVerb = "GET ";
constexpr std::size_t kPiece = 16384;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void FileServer::on_ready(Instant, Stream& stream) {
  if (stream.blob().empty() && !take_request(stream)) return;
  send(stream);
}

// False: there is none yet, or what came is none.
bool FileServer::take_request(Stream& stream) {
  std::array<std::uint8_t, kVerb.size() + kNameMax + 1> bytes;
  const std::size_t size = stream.read_at(stream.consumed(), bytes);
  const std::string_view all = text_of(std::span(bytes).first(size));
  const std::size_t end = all.find('\n');
  if (end == std::string_view::npos) {
    if (size == bytes.size())
      stream.abort();
    else if (stream.peer_closed())
      stream.close();
    return false;
  }
  const bool is_request = all.substr(0, kVerb.size()) == kVerb && end > kVerb.size();
  if (!is_request) {
    stream.abort();
    return false;
  }
  const auto name = std::span(bytes).subspan(kVerb.size(), end - kVerb.size());
  return stream.commit(stream.consumed() + end + 1, stream.committed(), name);
}

void FileServer::send(Stream& stream) {
  std::array<std::uint8_t, kPiece> piece;
  while (true) {
    const std::uint64_t at = stream.committed();
    const std::uint64_t room = stream.room() + (stream.written() - at);
    if (room == 0) return;
    const auto into = std::span(piece).first(std::min<std::uint64_t>(kPiece, room));
    const std::optional<std::size_t> size = source_->read_at(text_of(stream.blob()), at, into);
    if (!size) return stream.abort();
    if (*size == 0) return stream.close();
    if (stream.write_at(at, into.first(*size)) == WriteResult::closed) return;
    const std::uint64_t given = std::min<std::uint64_t>(stream.written() - at, *size);
    if (given == 0 || !stream.commit(stream.consumed(), at + given, stream.blob())) return;
  }
}

}  // namespace poise::tcp
