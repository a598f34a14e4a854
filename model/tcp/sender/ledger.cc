// Looking entries up, and cutting them.
#include "model/tcp/sender/ledger.h"

#include <utility>

namespace poise::tcp {

void Ledger::grow() {
  std::vector<Transmission> larger(2 * ring_.size());
  for (std::size_t i = 0; i < size(); ++i) larger[i] = (*this)[i];
  tail_ = size();
  head_ = 0;
  ring_ = std::move(larger);
}

std::size_t Ledger::find(Position position) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if ((*this)[middle].range.end <= position)
      low = middle + 1;
    else
      high = middle;
  }
  return low < size() && (*this)[low].range.begin <= position ? low : size();
}

void Ledger::split(std::size_t i, Position position) {
  POISE_CHECK((*this)[i].range.begin < position && position < (*this)[i].range.end);
  push((*this)[size() - 1]);
  for (std::size_t j = size() - 1; j > i + 1; --j) (*this)[j] = (*this)[j - 1];
  (*this)[i + 1] = (*this)[i];
  (*this)[i].range.end = position;
  (*this)[i + 1].range.begin = position;
}

void Ledger::add_to(Digest& digest) const {
  for (std::size_t i = 0; i < size(); ++i) {
    const Transmission& entry = (*this)[i];
    digest.add(entry.range.begin).add(entry.range.end).add(to_ns(entry.sent_at));
    digest.add(entry.sacked).add(entry.lost).add(entry.repeated);
  }
}

}  // namespace poise::tcp
