// The ordinary calls of a stream, by its offsets.
#include "model/tcp/application/application.h"

namespace poise::tcp {

std::size_t read(Stream& stream, std::span<std::uint8_t> into) {
  const std::size_t size = stream.read_at(stream.consumed(), into);
  if (size > 0 && !stream.commit(stream.consumed() + size, stream.committed(), stream.blob()))
    return 0;
  return size;
}

std::size_t write(Stream& stream, std::span<const std::uint8_t> bytes) {
  const std::uint64_t before = stream.written();
  const WriteResult result = stream.write_at(before, bytes);
  if (result == WriteResult::closed) return 0;
  const std::uint64_t after = stream.written();
  if (!stream.commit(stream.consumed(), after, stream.blob())) return 0;
  return static_cast<std::size_t>(after - before);
}

}  // namespace poise::tcp
