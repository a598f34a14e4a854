// Rise and fall of health, and the deadline of every silence.
#include "model/backend/health.h"

#include <algorithm>
#include <stdexcept>

#include "model/check.h"

namespace poise {

Health::Health(const HealthRules& rules, std::uint32_t count_max)
    : rules_(rules), records_(count_max) {
  if (rules.timeout <= Duration::zero())
    throw std::invalid_argument("timeout is " + std::to_string(rules.timeout.count()) +
                                " ns; allowed: more than 0");
  if (rules.fall == 0) throw std::invalid_argument("fall is 0; allowed: 1 or more");
  if (rules.rise == 0) throw std::invalid_argument("rise is 0; allowed: 1 or more");
}

void Health::watch(Instant now, BackendIndex index, Duration grace) {
  records_[index] = {.heard = now + grace, .streak = 0, .watched = true, .well = true};
  next_silence_ = std::min(next_silence_, now + grace + rules_.timeout);
}

void Health::forget(BackendIndex index) {
  records_[index] = {};
}

HealthChange Health::on_heartbeat(Instant now, BackendIndex index, int code) {
  Record& record = records_[index];
  POISE_CHECK(record.watched);
  on_life(now, index);
  if (is_good_health(code) == record.well) {
    record.streak = 0;
    return HealthChange::none;
  }
  if (++record.streak < (record.well ? rules_.fall : rules_.rise)) return HealthChange::none;
  record.streak = 0;
  record.well = !record.well;
  if (!record.well) return HealthChange::lost;
  next_silence_ = std::min(next_silence_, now + rules_.timeout);
  return HealthChange::returned;
}

void Health::on_life(Instant now, BackendIndex index) {
  Record& record = records_[index];
  // A grace ends with the first sign of life; its deadline was a later one.
  if (record.heard > now) next_silence_ = std::min(next_silence_, now + rules_.timeout);
  record.heard = now;
}

std::optional<BackendIndex> Health::next_silent(Instant now) {
  if (now < next_silence_) return std::nullopt;
  Instant earliest = kNever;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    Record& record = records_[i];
    if (!record.watched || !record.well) continue;
    const Instant deadline = record.heard + rules_.timeout;
    if (deadline <= now) {
      record.well = false;
      record.streak = 0;
      return static_cast<BackendIndex>(i);
    }
    earliest = std::min(earliest, deadline);
  }
  next_silence_ = earliest;
  return std::nullopt;
}

std::uint64_t Health::digest() const {
  Digest digest;
  digest.add(to_ns(next_silence_));  // it may be early, and the world sees it
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const Record& record = records_[i];
    if (!record.watched) continue;
    digest.add(i).add(to_ns(record.heard)).add(record.streak).add(record.well);
  }
  return digest.value();
}

}  // namespace poise
