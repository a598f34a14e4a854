// Orders whose outcome comes later, in notices.
#include "realnet/daemon/waiting.h"

#include <utility>

namespace poise::realnet {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

void WaitingOrders::add(std::string kind, std::size_t count, Reply reply) {
  orders_.push_back({std::move(kind), count, {}, std::move(reply)});
}

void WaitingOrders::take(const Notice& notice) {
  std::erase_if(orders_, [&](Order& order) {
    if (order.kind != notice.kind) return false;
    order.subjects.push_back(notice.subject);
    if (order.subjects.size() < order.count) return false;
    order.reply(done(order.kind + " at " + joined(order.subjects)));
    return true;
  });
}

void WaitingOrders::give_up(const std::string& why) {
  for (Order& order : orders_) order.reply(refused(why));
  orders_.clear();
}

}  // namespace poise::realnet
