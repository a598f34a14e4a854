// Own bytes in one row, and where the lent ones stand between them.
#include "model/tcp/replication/gathered.h"

#include "model/check.h"

namespace poise::tcp {
namespace {

const char* text(std::span<const std::uint8_t> bytes) {
  return reinterpret_cast<const char*>(bytes.data());
}

}  // namespace

void Gathered::append(Bytes bytes) {
  own_.append(text(bytes), bytes.size());
}

void Gathered::lend(Bytes bytes) {
  if (bytes.size() < kLentMin) return append(bytes);
  loans_.push_back({own_.size(), bytes});
  lent_size_ += bytes.size();
}

void Gathered::clear() {
  own_.clear();
  loans_.clear();
  lent_size_ = 0;
}

std::size_t Gathered::leave_free(std::size_t count) {
  own_.append(count, '\0');
  return own_.size() - count;
}

void Gathered::fill(std::size_t place, std::size_t count, Bytes bytes) {
  POISE_CHECK(bytes.size() <= count && place + count <= own_.size());
  own_.replace(place, count, text(bytes), bytes.size());
  for (Loan& loan : loans_)
    if (loan.place >= place + count) loan.place -= count - bytes.size();
}

void Gathered::append_to(std::string& out) const {
  out.reserve(out.size() + size());
  for_each_piece([&](Bytes bytes) { out.append(text(bytes), bytes.size()); });
}

}  // namespace poise::tcp
