#include "autotune/Candidate.h"

namespace halftone {

bool isPreferred(const Candidate &a, const Candidate &b) {
  if (a.predictedMs != b.predictedMs)
    return a.predictedMs < b.predictedMs;
  return a.schedule.text() < b.schedule.text();
}

} // namespace halftone
