// Serves files, and goes on in the middle of one when its server dies.
//
//   client:  GET name\n          server: the bytes of the file, then the end of the stream
//
// One file a connection. A name is 1 to kNameMax bytes without a line feed. What is no request, and
// what is no file, is answered with a reset.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "model/tcp/application/application.h"

namespace poise::tcp {

// Where content comes from. All replicas must be given the same bytes for the same name: a takeover
// goes on at the next offset.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Copies what the file has from `offset` on and returns its size; 0: the file ends there.
  // Nothing: there is no such file, or it cannot be read.
  virtual std::optional<std::size_t> read_at(std::string_view name, std::uint64_t offset,
                                             std::span<std::uint8_t> into) = 0;
};

class FileServer final : public Application {
 public:
  static constexpr std::size_t kNameMax = 255;

  explicit FileServer(std::unique_ptr<FileSource> source) : source_(std::move(source)) {}
  void on_ready(Instant now, Stream& stream) override;

 private:
  bool take_request(Stream& stream);
  void send(Stream& stream);

  std::unique_ptr<FileSource> source_;
};

}  // namespace poise::tcp
