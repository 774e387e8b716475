#include "kernels/TunedSchedule.h"

#include "autotune/KeyOf.h"

#include <limits>

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

TunedSchedule TunedSchedule::onAnyDevice(const Problem &problem, const Target &target,
                                         const std::string &ptxasVersion,
                                         const ConfigurationStore &store) {
  std::vector<ConfigurationStore::Stored> stored = store.all();
  const ConfigurationStore::Stored *best = nullptr;
  Key bestWanted;
  double least = std::numeric_limits<double>::infinity();
  for (const ConfigurationStore::Stored &one : stored) {
    // The device that it was found on is taken for the one that is not at hand.
    const Key &found = one.configuration.key;
    Hardware hardware{found.architecture, found.multiprocessors, found.sharedBytes, found.l2Bytes};
    Key wanted =
        keyOf(problem, target.name, hardware, Toolchain::ofThisBuild(ptxasVersion), found.policy);
    double away = distance(wanted, found);
    if (away < least && checkSchedule(problem, one.configuration.best.schedule, target)) {
      least = away;
      best = &one;
      bestWanted = wanted;
    }
  }
  if (!best)
    return {defaultSchedule(problem, target), true, "default schedule: not tuned"};
  const Configuration &found = best->configuration;
  std::string reason =
      "tuned on " + found.device + " (" + std::string(layerName(best->layer)) + ")";
  if (std::vector<KeyDifference> other = differences(bestWanted, found.key); !other.empty())
    reason += "; nearest: " + other.front().text();
  return {found.best.schedule, false, std::move(reason)};
}

} // namespace halftone
