// Any history of a flow table agrees with its naive twin, step by step.
#include <cstdint>
#include <cstdio>
#include <string>

#include "model/check.h"
#include "tests/flow/flow_table_pair.h"

namespace {

// The input: 8 bytes of configuration, then 6 bytes a step.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool is_empty() const { return at_ >= size_; }
  std::uint8_t byte() { return is_empty() ? std::uint8_t{0} : data_[at_++]; }
  std::uint16_t word() {
    const std::uint8_t high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace poise;
  Input input(data, size);
  FlowTable::Config config;
  config.capacity = 1u + input.byte() % 64u;
  config.backend_count_max = 1u + input.byte() % 6u;
  config.handshake_share = (1 + input.byte()) / 256.0;
  config.seed = input.byte();
  const auto timeout = [&input] { return Duration{std::int64_t{1} << input.byte() % 28u}; };
  config.timeouts = {timeout(), timeout(), timeout(), timeout()};
  FlowTablePair pair(config);
  for (int i = 0; !input.is_empty(); ++i) {
    FlowTableStep step;
    step.kind = static_cast<FlowTableStep::Kind>(input.byte() % FlowTableStep::kKinds);
    step.flow = input.byte();
    step.backend = input.byte();
    step.state = input.byte();
    step.amount = input.word();
    const std::string difference = pair.step(step);
    if (!difference.empty()) std::fprintf(stderr, "step %d: %s\n", i, difference.c_str());
    POISE_CHECK(difference.empty());
  }
  POISE_CHECK(pair.compare_flows().empty());
  return 0;
}
