// A stream in memory: what the peer says and takes is the test's, what may be done is the contract.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/tcp/application/application.h"

namespace poise::tcp {

class MemoryStream final : public Stream {
 public:
  explicit MemoryStream(std::uint64_t buffer = 1 << 16) : buffer_(buffer) {}

  // The peer.
  void hear(const std::string& bytes) { in_ += bytes; }
  void hear_end() { peer_closed_ = true; }
  // Everything that was committed and not taken yet; there is room again for as much.
  std::string take(std::size_t size_max = ~std::size_t{0}) {
    const std::size_t size = std::min<std::size_t>(size_max, committed_ - acknowledged_);
    const std::string bytes = out_.substr(acknowledged_, size);
    acknowledged_ += size;
    return bytes;
  }
  bool closed() const { return closed_; }
  bool aborted() const { return aborted_; }
  int commits() const { return commits_; }
  // From now on commits are refused, as if the server died in the middle of a call.
  void die_after(int commits) { commits_left_ = commits; }
  // Another server has the stream: what was committed is there, what was only written is not.
  void take_over() {
    out_.resize(committed_);
    commits_left_ = -1;
  }

  const FlowKey& key() const override { return key_; }
  std::uint64_t consumed() const override { return consumed_; }
  std::uint64_t received() const override { return in_.size(); }
  bool peer_closed() const override { return peer_closed_; }
  bool broken() const override { return false; }
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (offset < consumed_ || offset >= in_.size()) return 0;
    const std::size_t size = std::min<std::size_t>(into.size(), in_.size() - offset);
    std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(offset), size, into.begin());
    return size;
  }

  std::uint64_t acknowledged() const override { return acknowledged_; }
  std::uint64_t committed() const override { return committed_; }
  std::uint64_t written() const override { return out_.size(); }
  std::uint64_t room() const override {
    return closed_ || aborted_ ? 0 : acknowledged_ + buffer_ - out_.size();
  }
  WriteResult write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    if (offset > out_.size()) return WriteResult::gap;
    const auto known = std::min<std::uint64_t>(out_.size() - offset, bytes.size());
    bytes = bytes.subspan(known);
    if (bytes.empty()) return WriteResult::done;
    if (closed_ || aborted_) return WriteResult::closed;
    const auto fits = std::min<std::uint64_t>(bytes.size(), room());
    out_.append(reinterpret_cast<const char*>(bytes.data()), fits);
    return fits == bytes.size() ? WriteResult::done : WriteResult::full;
  }
  bool commit(std::uint64_t consumed, std::uint64_t produced,
              std::span<const std::uint8_t> blob) override {
    if (consumed < consumed_ || consumed > in_.size() || produced < committed_ ||
        produced > out_.size() || blob.size() > 256 || aborted_ || commits_left_ == 0)
      return false;
    if (commits_left_ > 0) --commits_left_;
    const std::vector<std::uint8_t> copy(blob.begin(), blob.end());
    blob_ = copy;
    consumed_ = consumed;
    committed_ = produced;
    ++commits_;
    return true;
  }
  std::span<const std::uint8_t> blob() const override { return blob_; }
  void close() override {
    if (commits_left_ != 0) closed_ = true;
  }
  void abort() override { aborted_ = true; }

 private:
  FlowKey key_;
  std::uint64_t buffer_;
  std::string in_, out_;
  std::uint64_t consumed_ = 0, acknowledged_ = 0, committed_ = 0;
  std::vector<std::uint8_t> blob_;
  bool peer_closed_ = false, closed_ = false, aborted_ = false;
  int commits_ = 0, commits_left_ = -1;
};

}  // namespace poise::tcp
