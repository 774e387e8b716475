#include "autotune/DevicePaces.h"

#include <cmath>

namespace halftone {

void DevicePaces::set(size_t device, const Outcome &outcome) {
  if (!isTimed(outcome.verdict))
    return;
  paces[device] = {outcome.device, outcome.medianMs};
  double sum = 0;
  int known = 0;
  for (const Pace &pace : paces)
    if (pace.milliseconds > 0) {
      sum += std::log(pace.milliseconds);
      ++known;
    }
  mean = known == 1 ? outcome.medianMs : std::exp(sum / known);
}

double DevicePaces::scaleOf(int ordinal) const {
  for (const Pace &pace : paces)
    if (pace.ordinal == ordinal)
      return mean / pace.milliseconds;
  return 1;
}

std::vector<double> DevicePaces::relative() const {
  std::vector<double> relative;
  relative.reserve(paces.size());
  for (const Pace &pace : paces)
    relative.push_back(pace.milliseconds > 0 ? pace.milliseconds / mean : 1);
  return relative;
}

} // namespace halftone
