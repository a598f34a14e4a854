// Results as bytes and as CSV, both by the one list of columns.
#include "model/scenario/result_bytes.h"

#include <bit>
#include <charconv>

#include "model/check.h"
#include "model/scenario/result_columns.h"
#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

constexpr std::string_view kMagic = "poise-r\x01";

class Writer {
 public:
  template <std::integral T>
  void put(T value) {
    const auto word = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes_.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  }
  template <Worded E>
  void put(E value) {
    put(static_cast<std::uint8_t>(value));
  }
  void put(double value) { put(std::bit_cast<std::uint64_t>(value)); }
  void put(const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    put_raw(text);
  }
  void put_raw(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::uint8_t>(c));
  }

  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

// Every read past the end or of nonsense clears ok() and gives zero.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  template <std::integral T>
  void get(T& value) {
    std::uint64_t word = 0;
    const std::span<const std::uint8_t> taken = take(sizeof(T));
    for (std::size_t i = 0; i < taken.size(); ++i) word |= std::uint64_t{taken[i]} << (8 * i);
    value = static_cast<T>(word);
  }
  template <Worded E>
  void get(E& value) {
    std::uint8_t byte = 0;
    get(byte);
    if (byte >= words(E{}).size()) return fail();
    value = static_cast<E>(byte);
  }
  void get(double& value) {
    std::uint64_t bits = 0;
    get(bits);
    value = std::bit_cast<double>(bits);
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    const std::span<const std::uint8_t> taken = take(size);
    text.assign(taken.begin(), taken.end());
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::span<const std::uint8_t> taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

void append_csv(std::string& out, const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}
void append_csv(std::string& out, double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end.ptr);
}
template <std::integral T>
void append_csv(std::string& out, T value) {
  out += std::to_string(value);
}
template <Worded E>
void append_csv(std::string& out, E value) {
  out += to_string(value);
}

template <class Row>
std::string csv_of(const std::vector<Row>& rows) {
  std::string out;
  const Row columns{};
  each_column(columns, [&](std::string_view name, const auto&) {
    out += (out.empty() ? "" : ",") + std::string(name);
  });
  out += "\n";
  for (const Row& row : rows) {
    bool first = true;
    each_column(row, [&](std::string_view, const auto& cell) {
      if (!first) out += ',';
      first = false;
      append_csv(out, cell);
    });
    out += "\n";
  }
  return out;
}

}  // namespace

std::vector<std::uint8_t> serialize(const RunResult& result) {
  Writer writer;
  writer.put_raw(kMagic);
  each_table(result, [&](std::string_view, const auto& rows) {
    writer.put(static_cast<std::uint64_t>(rows.size()));
    for (const auto& row : rows)
      each_column(row, [&](std::string_view, const auto& cell) { writer.put(cell); });
  });
  writer.put(result.events);
  writer.put(result.wall_ns);
  writer.put(static_cast<std::uint64_t>(result.files.size()));
  for (const auto& [name, path] : result.files) {
    writer.put(name);
    writer.put(path);
  }
  return writer.take();
}

std::optional<RunResult> deserialize(std::span<const std::uint8_t> bytes) {
  Reader reader(bytes);
  const std::span<const std::uint8_t> magic = reader.take(kMagic.size());
  if (!std::equal(magic.begin(), magic.end(), kMagic.begin(), kMagic.end(),
                  [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
    return std::nullopt;
  RunResult result;
  each_table(result, [&](std::string_view, auto& rows) {
    std::uint64_t count = 0;
    reader.get(count);
    while (count-- > 0 && reader.ok())
      each_column(rows.emplace_back(), [&](std::string_view, auto& cell) { reader.get(cell); });
  });
  reader.get(result.events);
  reader.get(result.wall_ns);
  std::uint64_t files = 0;
  reader.get(files);
  while (files-- > 0 && reader.ok()) {
    auto& [name, path] = result.files.emplace_back();
    reader.get(name);
    reader.get(path);
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return result;
}

std::string to_csv(const RunResult& result, std::string_view table) {
  std::string out;
  each_table(result, [&](std::string_view name, const auto& rows) {
    if (name == table) out = csv_of(rows);
  });
  POISE_CHECK(!out.empty());
  return out;
}

}  // namespace poise::scenario
