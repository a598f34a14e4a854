// The published points, and sampling by the inverse of a piecewise-linear distribution.
#include "model/scenario/size_law.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/check.h"

namespace poise::scenario {
namespace {

constexpr std::array<SizePoint, 12> kWebsearch{{{0, 0},
                                                {10000, 15},
                                                {20000, 20},
                                                {30000, 30},
                                                {50000, 40},
                                                {80000, 53},
                                                {200000, 60},
                                                {1000000, 70},
                                                {2000000, 80},
                                                {5000000, 90},
                                                {10000000, 97},
                                                {30000000, 100}}};

constexpr std::array<SizePoint, 20> kFbHadoop{
    {{0, 0},       {100, 1},     {200, 2},        {300, 5},      {350, 15},
     {400, 20},    {500, 30},    {600, 40},       {700, 50},     {1000, 60},
     {2000, 67},   {7000, 70},   {30000, 72},     {50000, 82},   {80000, 87},
     {120000, 90}, {300000, 95}, {1000000, 97.5}, {2000000, 99}, {10000000, 100}}};

constexpr std::array<SizePoint, 9> kAliStorage{{{0, 0},
                                                {4000, 22.93},
                                                {8000, 69.21},
                                                {16000, 80.61},
                                                {32000, 90.47},
                                                {64000, 93.53},
                                                {128000, 96.77},
                                                {256000, 97.53},
                                                {2000000, 100}}};

}  // namespace

std::span<const SizePoint> published_points(std::string_view name) {
  if (name == "websearch") return kWebsearch;
  if (name == "fb_hadoop") return kFbHadoop;
  if (name == "alistorage2019") return kAliStorage;
  return {};
}

SizeLaw::SizeLaw(std::span<const SizePoint> points) : points_(points.begin(), points.end()) {
  POISE_CHECK(points.size() >= 2 && points.front().second == 0 && points.back().second == 100);
  for (std::size_t i = 1; i < points.size(); ++i)
    POISE_CHECK(points[i].first >= points[i - 1].first && points[i].second >= points[i - 1].second);
}

SizeLaw SizeLaw::fixed(double bytes) {
  const SizePoint points[] = {{bytes, 0}, {bytes, 100}};
  return SizeLaw(points);
}

SizeLaw SizeLaw::of(const WorkloadSpec& workload) {
  if (workload.sizes == "fixed") return fixed(workload.size_bytes);
  if (workload.sizes == "points") return SizeLaw(workload.size_points);
  return SizeLaw(published_points(workload.sizes));
}

double SizeLaw::mean() const {
  double sum = 0;
  for (std::size_t i = 1; i < points_.size(); ++i)
    sum += (points_[i].second - points_[i - 1].second) / 100 *
           (points_[i].first + points_[i - 1].first) / 2;
  return sum;
}

double SizeLaw::quantile(double u) const {
  const double percent = u * 100;
  // The first point above, so that a flat piece (no mass) is stepped over.
  const auto above =
      std::upper_bound(points_.begin(), points_.end(), percent,
                       [](double value, const SizePoint& point) { return value < point.second; });
  if (above == points_.end()) return points_.back().first;
  if (above == points_.begin()) return points_.front().first;
  const auto below = above - 1;
  return below->first + (above->first - below->first) * (percent - below->second) /
                            (above->second - below->second);
}

std::uint64_t SizeLaw::draw(Rng& rng) const {
  return std::max<std::uint64_t>(1,
                                 static_cast<std::uint64_t>(std::llround(quantile(rng.uniform()))));
}

}  // namespace poise::scenario
