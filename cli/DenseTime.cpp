#include "cli/DenseTime.h"

#include "autotune/DeviceFacts.h"

#include <fmt/format.h>

#include <algorithm>

namespace halftone::cli {

namespace {

/// Launches of the dense pattern: verified, timed, verified throughout and timed again, and two for
/// making its inputs.
constexpr double launchesOfDense = 25;
/// What a kernel reaches of the peak, for guessing how long it takes.
constexpr double shareOfPeak = 0.5;
/// To compile it, while nothing else goes on, and to end.
constexpr double secondsBeside = 1;

} // namespace

double guessDenseSeconds(const Problem &problem, const MachineFacts &machine) {
  const AttentionShape &shape = problem.shape();
  double pairs = double(problem.query().tokenCount()) * double(problem.key().tokenCount());
  double flops = 4 * pairs * double(shape.batch * shape.heads) * double(shape.headDim);
  return secondsBeside + launchesOfDense * physicalFloor(machine, flops, 0) / shareOfPeak;
}

void timeDense(const Problem &problem, const Target &target, TuneOptions options, double seconds,
               StopSignal &stop, Tuned &tuned) {
  double likely = guessDenseSeconds(problem, tuned.report.machine);
  // It begins as the search did.
  double left = seconds - 2 * tuned.report.openingSeconds - tuned.report.search.seconds;
  if (seconds > 0 && likely > left) {
    tuned.denseTrouble =
        fmt::format("not timed: it would take some {:.0f} s of {:.0f} that are left", likely,
                    std::max(0.0, left));
    return;
  }
  Problem dense = problem.where(Pattern::dense());
  options.budget = {.seconds = seconds > 0 ? std::max(1.0, left) : 0, .candidates = 1};
  options.sweep = false;
  options.raced.clear();
  options.journal.clear();
  options.onOutcome = {};
  // On the devices that the best has its time from.
  for (const auto &[device, reason] : tuned.report.droppedDevices)
    std::erase(options.devices, device);
  Result<TuneReport> report = tune(dense, target, options, stop);
  if (!report)
    tuned.denseTrouble = report.error().message;
  else if (report->search.winner)
    tuned.denseMs = report->search.standard().milliseconds;
  else if (!stop.isRaised())
    tuned.denseTrouble = fmt::format("{}: {}", verdictName(report->search.standard().verdict),
                                     report->search.standard().reason);
}

} // namespace halftone::cli
