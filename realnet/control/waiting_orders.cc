// Orders whose outcome comes later, in notices.
#include "realnet/control/waiting_orders.h"

#include <utility>

#include "model/check.h"

namespace poise::realnet {

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

// Why this notice is an answer that is not the outcome; empty: it is no answer.
std::string objection(const Notice& notice) {
  if (notice.kind == "refused") return notice.subject + " refused: " + notice.detail;
  if (notice.kind == "lost") return notice.subject + " was lost: " + notice.detail;
  if (notice.kind == "deregistered") return notice.subject + " has deregistered it";
  return {};
}

}  // namespace

void WaitingOrders::add(std::string kind, std::set<std::string> asked, Reply reply) {
  POISE_CHECK(!asked.empty());
  orders_.push_back({std::move(kind), std::move(asked), {}, {}, std::move(reply)});
}

void WaitingOrders::take(const Notice& notice) {
  const std::string why_not = objection(notice);
  bool is_taken = false;  // a refusal is of the oldest order alone
  std::erase_if(orders_, [&](Order& order) {
    const bool is_outcome = notice.kind == order.kind;
    if ((!is_outcome && why_not.empty()) || is_taken) return false;
    if (order.unanswered.erase(notice.subject) == 0) return false;
    is_taken = notice.kind == "refused";
    if (is_outcome)
      order.done_by.push_back(notice.subject);
    else
      order.objections.push_back(why_not);
    if (!order.unanswered.empty()) return false;
    end(order);
    return true;
  });
}

void WaitingOrders::end(const Order& order) {
  const std::string outcome = order.kind + " at " + joined(order.done_by, ", ");
  if (order.objections.empty()) return order.reply(done(outcome));
  std::string why = joined(order.objections, "; ");
  if (!order.done_by.empty()) why += "; " + outcome;
  order.reply(refused(why));
}

}  // namespace poise::realnet
