#include "autotune/Trial.h"

#include <algorithm>
#include <utility>

namespace halftone {

namespace {

constexpr std::pair<Verdict, std::string_view> names[] = {
    {Verdict::Measured, "measured"},
    {Verdict::Slow, "slow"},
    {Verdict::NotRun, "not run"},
    {Verdict::KnownFault, "known fault"},
    {Verdict::CompileFailed, "compile failed"},
    {Verdict::CompileHang, "compile hang"},
    {Verdict::WrongResult, "wrong result"},
    {Verdict::Overwrites, "overwrites"},
    {Verdict::ReadsUnattended, "reads unattended"},
    {Verdict::Hang, "hang"},
    {Verdict::IllegalAddress, "illegal address"},
    {Verdict::Misaligned, "misaligned"},
    {Verdict::Assert, "assert"},
    {Verdict::LaunchFailed, "launch failed"},
    {Verdict::OutOfMemory, "out of memory"},
    {Verdict::WorkerDied, "worker died"},
    {Verdict::Garbage, "garbage"},
    {Verdict::MeasuringFault, "measuring fault"},
};

} // namespace

std::string_view verdictName(Verdict verdict) {
  for (auto [known, name] : names)
    if (known == verdict)
      return name;
  return "not run";
}

bool parseVerdict(std::string_view name, Verdict &verdict) {
  for (auto [known, knownName] : names)
    if (name == knownName) {
      verdict = known;
      return true;
    }
  return false;
}

std::string Trial::key() const {
  return round + (device >= 0 ? " on " + std::to_string(device) : "") + " | " + schedule.text();
}

double medianOf(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void summarise(Outcome &outcome) {
  std::vector<double> sorted = outcome.milliseconds;
  std::sort(sorted.begin(), sorted.end());
  outcome.medianMs = medianOf(sorted);
  outcome.spread = 0;
  if (!sorted.empty() && outcome.medianMs > 0)
    outcome.spread = (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / outcome.medianMs;
}

} // namespace halftone
