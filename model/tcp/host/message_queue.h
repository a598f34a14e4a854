// What a host says to other machines, in order, until its world takes it.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "model/tcp/host/host.h"
#include "model/tcp/replication/gathered.h"

namespace poise::tcp {

// Memory goes round: what was taken is written again.
class MessageQueue {
 public:
  void push(Message::Kind kind, PeerId peer) { items_.push_back({kind, peer, {}}); }
  // A message to be filled in before the next call.
  Gathered& push_bytes(PeerId peer) {
    Item& item = items_.emplace_back();
    item.peer = peer;
    if (!spare_.empty()) {
      item.bytes = std::move(spare_.back());
      spare_.pop_back();
    }
    return item.bytes;
  }
  // The oldest, lent until the next call of this.
  std::optional<LentMessage> next() {
    if (lent_.bytes.size() > 0 && spare_.size() < kSpareMax) {
      lent_.bytes.clear();
      spare_.push_back(std::move(lent_.bytes));
    }
    lent_ = {};
    if (items_.empty()) return std::nullopt;
    lent_ = std::move(items_.front());
    items_.pop_front();
    return LentMessage{lent_.kind, lent_.peer, lent_.bytes};
  }

 private:
  static constexpr std::size_t kSpareMax = 8;
  struct Item {
    Message::Kind kind = Message::Kind::bytes;
    PeerId peer = 0;
    Gathered bytes;
  };
  std::deque<Item> items_;
  Item lent_;
  std::vector<Gathered> spare_;
};

}  // namespace poise::tcp
