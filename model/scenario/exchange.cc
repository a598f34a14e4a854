// What a plan's workload means on the wire.
#include "model/scenario/exchange.h"

#include <algorithm>

namespace poise::scenario {

namespace {

constexpr std::uint64_t kUploadAnswer = 32;  // bytes
constexpr std::uint16_t kAnyPort = 80;

}  // namespace

Exchange Exchange::of(const Plan& plan) {
  const WorkloadSpec& workload = plan.workload;
  Exchange exchange;
  exchange.upload = workload.direction == "upload";
  exchange.request_bytes = workload.request_bytes;
  exchange.message_bytes = workload.message_bytes;
  exchange.interval_ns = static_cast<std::uint64_t>(workload.message_interval.count());
  return exchange;
}

Request Exchange::request(std::uint32_t flow, std::uint64_t size) const {
  Request request;
  request.flow = flow;
  request.message_bytes = message_bytes;
  request.interval_ns = interval_ns;
  request.request_bytes = std::max<std::uint64_t>(upload ? size : request_bytes, Request::kSize);
  request.response_bytes = upload ? kUploadAnswer : std::max<std::uint64_t>(size, 1);
  return request;
}

std::uint16_t port_of(const VipSpec& vip) {
  return vip.port != 0 ? vip.port : kAnyPort;
}

}  // namespace poise::scenario
