#include "kernels/TunedSchedule.h"

#include "autotune/KeyOf.h"

namespace halftone {
namespace {

/// Key::policy of `halftone tune`'s results, the most common use first.
constexpr const char *policies[] = {"l2=warm", "l2=cold"};

Lookup lookUp(Key key, const ConfigurationStore &store) {
  Lookup first;
  for (const char *policy : policies) {
    key.policy = policy;
    Lookup found = store.get(key);
    if (found.match == Lookup::Match::Hit)
      return found;
    if (policy == policies[0])
      first = std::move(found);
  }
  return first;
}

} // namespace

TunedSchedule TunedSchedule::of(const Problem &problem, const Target &target, const Device &device,
                                const std::string &ptxasVersion, const ConfigurationStore &store) {
  Lookup found = lookUp(keyOf(problem, target.name, Hardware::of(device),
                              Toolchain::ofThisBuild(ptxasVersion), policies[0]),
                        store);
  std::string reason = found.text();
  if (found.configuration) {
    const Schedule &schedule = found.configuration->best.schedule;
    Status fits = checkSchedule(problem, schedule, target);
    if (fits)
      return {schedule, false, std::move(reason)};
    reason += "; its schedule does not fit: " + fits.error().message;
  }
  return {defaultSchedule(problem, target), true, "default schedule: " + reason};
}

} // namespace halftone
