#include "cli/StoredSchedule.h"

#include "autotune/KeyOf.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace halftone::cli {

ChosenSchedule storedSchedule(const ConfigurationStore &store, const Problem &problem,
                              const Target &target, const std::string &ptxasVersion) {
  std::vector<ConfigurationStore::Stored> stored = store.all();
  const ConfigurationStore::Stored *best = nullptr;
  Key bestWanted;
  double least = std::numeric_limits<double>::infinity();
  for (const ConfigurationStore::Stored &one : stored) {
    // The device is not known, so the one that was tuned on is taken for it.
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
    return {defaultSchedule(problem, target), "default: not tuned"};
  std::string origin =
      fmt::format("tuned on {} ({})", best->configuration.device, layerName(best->layer));
  if (std::vector<KeyDifference> other = differences(bestWanted, best->configuration.key);
      !other.empty())
    origin += "; nearest: " + other.front().text();
  return {best->configuration.best.schedule, origin};
}

} // namespace halftone::cli
