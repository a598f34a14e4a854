// Any bytes are a record, or an error with its place, and time never runs backwards in one.
#include <cstdint>
#include <optional>
#include <span>

#include "model/balancer/record.h"
#include "model/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace poise;
  const std::span<const std::uint8_t> record(data, size);
  RecordReader reader(record);
  Instant last{};
  std::size_t events = 0;
  while (const std::optional<Event> event = reader.next()) {
    POISE_CHECK(++events <= size);
    if (event->kind != EventKind::outcome && event->kind != EventKind::end) {
      POISE_CHECK(event->now >= last);
      last = event->now;
    }
    if (event->kind == EventKind::end) break;
  }
  return 0;
}
