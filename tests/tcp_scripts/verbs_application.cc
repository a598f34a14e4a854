// What a script's application does with its connection.
#include <vector>

#include "model/tcp/connection/connection.h"
#include "tests/tcp_scripts/stage.h"

namespace poise::tcp::script {

namespace {

std::uint64_t number_of(const std::vector<std::string>& words, std::size_t at) {
  if (at >= words.size()) throw Wrong("a number is missing");
  return scene::number(words[at], UINT64_MAX);
}

std::vector<std::uint8_t> pattern(std::uint64_t offset, std::uint64_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint64_t i = 0; i < size; ++i) bytes[i] = pattern_at(offset + i);
  return bytes;
}

// `takes N`: not all of it.
std::uint64_t taken(const std::vector<std::string>& words, std::uint64_t all) {
  return words.size() > 2 && words[1] == "takes" ? number_of(words, 2) : all;
}

const char* name_of(WriteResult result) {
  switch (result) {
    case WriteResult::done:
      return "done";
    case WriteResult::gap:
      return "gap";
    case WriteResult::full:
      return "full";
    case WriteResult::closed:
      return "closed";
  }
  return "?";
}

void expect_equal(std::uint64_t wanted, std::uint64_t there) {
  if (wanted != there)
    throw Wrong("expected " + std::to_string(wanted) + ", but it is " + std::to_string(there));
}

}  // namespace

Host& Stage::serving() {
  Host* host = machines_.replica(machines_.serving());
  if (!host) throw Wrong("the host that serves is crashed");
  return *host;
}

std::optional<Slot> Stage::slot() {
  Host& host = serving();
  for (const Slot slot : host.slots())
    if (host.connection(slot)->key().source_port == port_) return slot;
  return std::nullopt;
}

const Connection* Stage::connection() {
  const auto found = slot();
  return found ? serving().connection(*found) : nullptr;
}

Stream& Stage::stream() {
  const auto found = slot();
  if (!found) throw Wrong("there is no connection");
  return *serving().stream(*found);
}

void Stage::touch() {
  if (const auto found = slot()) serving().touch(machines_.now(), *found);
  machines_.drain(machines_.serving());
}

void Stage::connect(const Words&) {
  Ends ends = ends_of(script_.setup);
  ends.theirs.port = port_;
  ConnectionConfig config = script_.setup.connection;
  config.mtu = mtu_of(script_.setup, config.mtu);
  if (!serving().connect(machines_.now(), ends.ours, ends.theirs, nullptr, config))
    throw Wrong("no slot or no port");
  machines_.drain(machines_.serving());
}

void Stage::accept(const Words&) {
  const Connection* found = connection();
  if (!found || found->state() == State::syn_sent || found->state() == State::syn_received)
    throw Wrong("no connection is open");
}

void Stage::write(const Words& words) {
  Stream& out = stream();
  const std::uint64_t size = number_of(words, 0);
  const std::uint64_t wrote = tcp::write(out, pattern(out.written(), size));
  touch();
  expect_equal(taken(words, size), wrote);
}

void Stage::read(const Words& words) {
  Stream& in = stream();
  if (!words.empty() && words[0] == "end") {
    if (!in.peer_closed() || in.consumed() != in.received()) throw Wrong("it is not the end");
    return;
  }
  const std::uint64_t size = number_of(words, 0), from = in.consumed();
  std::vector<std::uint8_t> bytes(size);
  bytes.resize(tcp::read(in, bytes));
  touch();
  expect_equal(taken(words, size), bytes.size());
  if (bytes != pattern(from, bytes.size())) throw Wrong("what was read is not what was sent");
}

// write_at OFFSET SIZE RESULT: neither committed nor sent.
void Stage::write_at(const Words& words) {
  const std::uint64_t offset = number_of(words, 0);
  const std::string result =
      name_of(stream().write_at(offset, pattern(offset, number_of(words, 1))));
  touch();
  const std::string wanted = words.size() > 2 ? words[2] : "done";
  if (result != wanted) throw Wrong("expected " + wanted + ", but it is " + result);
}

// commit CONSUMED PRODUCED [blob TEXT] [refused]
void Stage::commit(const Words& words) {
  Stream& both = stream();
  const std::vector<std::uint8_t> kept(both.blob().begin(), both.blob().end());
  std::vector<std::uint8_t> blob = kept;
  if (words.size() > 3 && words[2] == "blob") blob.assign(words[3].begin(), words[3].end());
  const bool done = both.commit(number_of(words, 0), number_of(words, 1), blob);
  touch();
  if (done != (words.back() != "refused")) throw Wrong(done ? "it was done" : "it was refused");
}

void Stage::close(const Words&) {
  stream().close();
  touch();
}

void Stage::abort(const Words&) {
  stream().abort();
  touch();
}

}  // namespace poise::tcp::script
