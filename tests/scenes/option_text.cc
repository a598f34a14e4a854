// The words of TCP options.
#include "tests/scenes/option_text.h"

#include <algorithm>

#include "tests/scenes/text.h"

namespace poise::scene {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

void put_sacks(Bytes& bytes, Cursor& cursor) {
  const std::uint64_t count = cursor.take_number(4);
  bytes.insert(bytes.end(), {5, static_cast<std::uint8_t>(2 + 8 * count)});
  for (std::uint64_t i = 0; i < count; ++i) {
    cursor.must_take("{");
    put(bytes, cursor.take_number(), 4);
    cursor.must_take(":");
    put(bytes, cursor.take_number(), 4);
    cursor.must_take("}");
  }
}

void put_option(Bytes& bytes, Cursor& cursor) {
  if (cursor.take("nop")) {
    bytes.push_back(1);
  } else if (cursor.take("eol")) {
    bytes.push_back(0);
  } else if (cursor.take("mss")) {
    bytes.insert(bytes.end(), {2, 4});
    put(bytes, cursor.take_number(65535), 2);
  } else if (cursor.take("wscale")) {
    bytes.insert(bytes.end(), {3, 3});
    put(bytes, cursor.take_number(255), 1);
  } else if (cursor.take("sackOK")) {
    bytes.insert(bytes.end(), {4, 2});
  } else if (cursor.take("sack")) {
    put_sacks(bytes, cursor);
  } else if (cursor.take("TS val")) {
    bytes.insert(bytes.end(), {8, 10});
    put(bytes, cursor.take_number(), 4);
    cursor.must_take("ecr");
    put(bytes, cursor.take_number(), 4);
  } else {
    throw Wrong("`" + std::string(cursor.rest()) +
                "` is none of nop, eol, mss, wscale, sackOK, sack, TS val");
  }
}

}  // namespace

Bytes tcp_options(std::string_view text) {
  Bytes bytes;
  Cursor cursor(text);
  do put_option(bytes, cursor);
  while (cursor.take(","));
  if (!cursor.at_end()) throw Wrong("`" + std::string(cursor.rest()) + "` is too much");
  bytes.resize((bytes.size() + 3) / 4 * 4);
  if (bytes.size() > 40) throw Wrong("TCP options take 40 bytes at most");
  return bytes;
}

}  // namespace poise::scene
