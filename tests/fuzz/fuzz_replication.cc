// Any bytes, in any pieces, are replication messages or a refusal; what is read is written and
// read again as the same bytes.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "model/check.h"
#include "model/tcp/replication/stream.h"

namespace {

using namespace poise::tcp;

std::string again(std::span<const std::uint8_t> bytes, std::size_t piece) {
  MessageReader reader;
  std::string out;
  StreamMessage message;
  while (!bytes.empty()) {
    const auto head = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(head.size());
    reader.feed(head);
    while (reader.next(message)) write_message(out, message);
  }
  return out;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

// The first byte says into what pieces the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  const std::string whole = again(bytes, size);
  POISE_CHECK(whole == again(bytes, 1 + data[0] % 64u));
  // What we write ourselves is not refused, and is written the same.
  POISE_CHECK(whole == again(bytes_of(whole), whole.size() + 1));
  return 0;
}
