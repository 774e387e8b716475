#include "codegen/ScheduleChecks.h"

#include <algorithm>

namespace halftone {

int dividing(int size, int64_t block, int least) {
  for (int candidate = size; candidate >= least; candidate /= 2)
    if (block % candidate == 0)
      return candidate;
  return size;
}

static std::string number(int64_t value) { return std::to_string(value); }

Status checkStep(const char *name, int64_t value, int64_t step, int64_t most) {
  if (value >= step && value <= most && value % step == 0)
    return {};
  int64_t nearest = std::clamp((value + step / 2) / step * step, step, most / step * step);
  return misuse(std::string(name) + "=" + number(value) + " is not a multiple of " + number(step) +
                    " from " + number(step) + " to " + number(most),
                "use " + std::string(name) + "=" + number(nearest));
}

Status checkUnused(const char *name, int64_t value, int64_t unset, const Target &target) {
  if (value == unset)
    return {};
  return misuse(std::string(name) + "=" + number(value) + " means nothing on the target " +
                    target.name,
                "leave it out");
}

Status checkTensorCores(const Problem &problem, const Target &target) {
  if (problem.shape().element == Element::F32)
    return unsupported("the target " + target.name + " has no f32 kernels",
                       "use element bf16 or f16, or the target cpu");
  int64_t headDim = problem.shape().headDim;
  if (headDim % 16 != 0)
    return unsupported("the target " + target.name +
                           " needs a head dim that is a multiple of 16, not " + number(headDim),
                       "pad the heads to " + number((headDim + 15) / 16 * 16) +
                           ", or use the target cpu");
  return {};
}

Status checkShared(int64_t bytes, const Target &target, const Schedule &nearest) {
  if (bytes <= target.sharedBytes)
    return {};
  return unsupported("the schedule needs " + number(bytes) + " bytes of shared memory; " +
                         target.name + " has " + number(target.sharedBytes) + " for a block",
                     "use " + nearest.text());
}

} // namespace halftone
