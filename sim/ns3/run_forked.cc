// Runs a plan in a fresh child: results over a pipe, crashes as exceptions.
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/result_bytes.h"
#include "sim/ns3/child.h"
#include "sim/ns3/run.h"

namespace poise::ns3world {

namespace {

std::string how_it_ended(const Child& child) {
  if (child.signal() == 0) return "it ended with code " + std::to_string(child.exit_code());
  return "killed by signal " + std::to_string(child.signal()) + " (" + strsignal(child.signal()) +
         ")";
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The child's whole life.
void work(const scenario::Plan& plan, const RunOptions& options, FrameWriter& writer) {
  try {
    RunOptions own = options;
    own.cancelled = nullptr;  // the parent asks, and kills
    own.on_progress = [&writer](double fraction) {
      std::uint8_t bytes[sizeof fraction];
      std::memcpy(bytes, &fraction, sizeof fraction);
      writer.write(Frame::Kind::progress, bytes);
    };
    writer.write(Frame::Kind::result, scenario::serialize(run(plan, own)));
  } catch (const std::exception& error) {
    writer.write(Frame::Kind::error, bytes_of(error.what()));
  }
}

}  // namespace

scenario::RunResult run_forked(const scenario::Plan& plan, const RunOptions& options,
                               const ForkHooks& hooks) {
  Child child({hooks.before, hooks.in_parent, hooks.in_child},
              [&](FrameWriter& writer) { work(plan, options, writer); });
  std::optional<scenario::RunResult> result;
  std::optional<std::string> error;
  const auto take = [&](const Frame& frame) {
    switch (frame.kind) {
      case Frame::Kind::progress: {
        double fraction = 0;
        if (frame.bytes.size() == sizeof fraction)
          std::memcpy(&fraction, frame.bytes.data(), sizeof fraction);
        if (options.on_progress) options.on_progress(fraction);
        return;
      }
      case Frame::Kind::result:
        result = scenario::deserialize(frame.bytes);
        return;
      case Frame::Kind::error:
        error = std::string(frame.bytes.begin(), frame.bytes.end());
        return;
    }
  };
  if (!child.listen(take, [&] { return !options.cancelled || !options.cancelled(); }))
    throw Cancelled();
  if (error && child.signal() != 0) *error += ": " + how_it_ended(child);
  if (error) throw RunError(plan, child.signal(), *error, child.stderr_tail());
  if (!result) throw RunError(plan, child.signal(), how_it_ended(child), child.stderr_tail());
  return std::move(*result);
}

}  // namespace poise::ns3world
