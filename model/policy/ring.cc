// The ring: every backend owns many points of a circle, and a flow goes to the next point after it.
//
// Karger et al.: "Consistent Hashing and Random Trees", STOC 1997. A backend of weight w has w
// times `virtual_nodes` points; removing it moves its flows only, adding it moves flows to it only.
// Shares are as uneven as arcs are: about 1 + 3.3 / sqrt(virtual_nodes) max/mean at 1,000 backends.
// At most kPointsMax points: beyond, everyone has proportionally fewer, but one at least.
#include <algorithm>
#include <vector>

#include "model/hash.h"
#include "model/policy/built_in.h"

namespace poise::policy {
namespace {

constexpr std::uint64_t kPointsMax = std::uint64_t{1} << 22;

struct Point {
  std::uint64_t place;
  std::uint32_t position;  // of its owner among the candidates: the tie goes to the first by name
};

class Ring final : public Policy {
 public:
  explicit Ring(const Config& config) : virtual_nodes_(config.virtual_nodes), seed_(config.seed) {}

  void rebuild(std::span<const Candidate> candidates) override {
    std::vector<Point> points = points_of(candidates);
    std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
      return a.place != b.place ? a.place < b.place : a.position < b.position;
    });
    places_.clear();
    owners_.clear();
    for (const Point& point : points) {
      places_.push_back(point.place);
      owners_.push_back(candidates[point.position].index);
    }
    index_places();
  }

  BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t>,
                      Rng&) noexcept override {
    if (places_.empty()) return kNoBackend;
    std::size_t i = starts_[reduce(flow_hash, places_.size())];
    while (i < places_.size() && places_[i] < flow_hash) ++i;
    return owners_[i < places_.size() ? i : 0];
  }

  bool is_consistent() const override { return true; }

  std::uint64_t digest() const override {
    Digest digest;
    digest.add(virtual_nodes_).add(seed_);
    for (std::size_t i = 0; i < places_.size(); ++i) digest.add(places_[i]).add(owners_[i]);
    return digest.value();
  }

 private:
  std::vector<Point> points_of(std::span<const Candidate> candidates) const {
    std::uint64_t wanted = 0;
    for (const Candidate& c : candidates)
      wanted += std::uint64_t{c.weight} * virtual_nodes_ / c.weight_unit;
    std::vector<Point> points;
    for (std::uint32_t position = 0; position < candidates.size(); ++position) {
      const Candidate& c = candidates[position];
      std::uint64_t count = std::uint64_t{c.weight} * virtual_nodes_ / c.weight_unit;
      if (wanted > kPointsMax) count = count * kPointsMax / wanted;
      const std::uint64_t name = siphash24({seed_, 0x72696e67}, c.name);
      for (std::uint64_t i = 0; i < std::max<std::uint64_t>(count, 1); ++i)
        points.push_back({mix64(name ^ mix64(i)), position});
    }
    return points;
  }

  // The circle in as many equal parts as there are points, and where each part begins: a flow then
  // looks at two points on average, instead of searching all of them.
  void index_places() {
    starts_.assign(places_.size(), 0);
    std::size_t i = 0;
    for (std::size_t part = 0; part < places_.size(); ++part) {
      while (i < places_.size() && reduce(places_[i], places_.size()) < part) ++i;
      starts_[part] = static_cast<std::uint32_t>(i);
    }
  }

  std::uint32_t virtual_nodes_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> places_;  // sorted
  std::vector<BackendIndex> owners_;   // of the places
  std::vector<std::uint32_t> starts_;  // first place of each equal part of the circle
};

}  // namespace

std::unique_ptr<Policy> make_ring(const Config& config) {
  return std::make_unique<Ring>(config);
}

}  // namespace poise::policy
