// Prometheus's text format, version 0.0.4: families of samples with HELP and TYPE.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace poise::realnet {

// One answer to a scrape. Families appear in the order of their first sample; samples of a family
// stand together, whoever adds them.
//
//   # HELP poise_balancer_drops_total Packets dropped, by reason.
//   # TYPE poise_balancer_drops_total counter
//   poise_balancer_drops_total{reason="malformed"} 3
class Exposition {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  // REQUIRES: the name is of [a-zA-Z_:][a-zA-Z0-9_:]*, a counter's ends in _total; labels' names
  // are of [a-zA-Z_][a-zA-Z0-9_]*; a family has one type and help; no sample twice.
  void counter(std::string_view name, std::string_view help, double value,
               const Labels& labels = {});
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {});

  std::string text() const;

 private:
  struct Family {
    std::string name, head;
    std::map<std::string, double> samples;  // by label text
  };
  void add(std::string_view name, std::string_view type, std::string_view help, double value,
           const Labels& labels);

  std::vector<Family> families_;
};

}  // namespace poise::realnet
