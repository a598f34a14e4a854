// The bounds of a Service.
#include "model/analysis/service_check.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace poise::analysis {
namespace {

void check_time(const char* key, double value) {
  if (!(value > 0) || !std::isfinite(value))
    throw std::invalid_argument(std::string(key) + " is " + std::to_string(value) +
                                "; allowed: more than 0 seconds");
}

}  // namespace

void check(const Service& service) {
  if (service.servers < 1 || service.servers > kServersMax)
    throw std::invalid_argument("servers is " + std::to_string(service.servers) +
                                "; allowed: 1 to " + std::to_string(kServersMax));
  if (service.needed < 1 || service.needed > service.servers)
    throw std::invalid_argument("needed is " + std::to_string(service.needed) +
                                "; allowed: 1 to servers (" + std::to_string(service.servers) +
                                ")");
  check_time("time_to_failure_s", service.time_to_failure_s);
  check_time("detection_s", service.detection_s);
  check_time("repair_s", service.repair_s);
}

}  // namespace poise::analysis
