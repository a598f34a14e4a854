// The bytes of a message, of which the long pieces lie where they were: nothing is copied twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace poise::tcp {

// A row of pieces: own bytes, and bytes lent by others. Whoever lends keeps them as they are while
// this is used. Cleared, it keeps its memory.
class Gathered {
 public:
  using Bytes = std::span<const std::uint8_t>;
  // What is shorter is copied: a piece more costs its reader as much.
  static constexpr std::size_t kLentMin = 512;

  void append(Bytes bytes);  // copied
  void lend(Bytes bytes);    // lent, when they are long
  std::size_t size() const { return own_.size() + lent_size_; }
  bool has_lent() const { return !loans_.empty(); }
  void clear();

  // A place for what is known later: `fill` puts at most as many bytes there as were left free.
  // REQUIRES, of `fill`: nothing was filled behind it.
  std::size_t leave_free(std::size_t count);  // returns the place
  void fill(std::size_t place, std::size_t count, Bytes bytes);

  // In their order; none is empty. `visit` takes Bytes.
  template <class Visit>
  void for_each_piece(Visit visit) const {
    std::size_t at = 0;
    const auto own_until = [&](std::size_t end) {
      if (end > at) visit(own().subspan(at, end - at));
      at = end;
    };
    for (const Loan& loan : loans_) {
      own_until(loan.place);
      visit(loan.bytes);
    }
    own_until(own_.size());
  }
  void append_to(std::string& out) const;

 private:
  struct Loan {
    std::size_t place;  // own bytes before it
    Bytes bytes;
  };
  Bytes own() const { return {reinterpret_cast<const std::uint8_t*>(own_.data()), own_.size()}; }

  std::string own_;
  std::vector<Loan> loans_;
  std::size_t lent_size_ = 0;
};

}  // namespace poise::tcp
