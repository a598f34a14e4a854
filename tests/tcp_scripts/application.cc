// The script's own applications.
#include "tests/tcp_scripts/application.h"

#include <array>
#include <span>

namespace poise::tcp::script {

namespace {

class Quiet : public Application {
  void on_ready(Instant, Stream&) override {}
};

class Reader : public Application {
  void on_ready(Instant, Stream& stream) override {
    (void)stream.commit(stream.received(), stream.committed(), stream.blob());
  }
};

// Each step is one record: what was read and what was said of it, together.
class Echo : public Application {
  void on_ready(Instant, Stream& stream) override {
    std::array<std::uint8_t, 4096> bytes;
    std::uint64_t at = stream.consumed();
    while (const std::size_t size = stream.read_at(at, bytes)) {
      if (stream.write_at(at, std::span(bytes).first(size)) != WriteResult::done) break;
      at += size;
    }
    (void)stream.commit(at, at, stream.blob());
    if (stream.peer_closed() && stream.consumed() == stream.received()) stream.close();
  }
};

}  // namespace

std::unique_ptr<Application> make_application(const std::string& kind) {
  if (kind == "reader") return std::make_unique<Reader>();
  if (kind == "echo") return std::make_unique<Echo>();
  return std::make_unique<Quiet>();
}

}  // namespace poise::tcp::script
