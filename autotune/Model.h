#pragma once

#include "autotune/MachineFacts.h"
#include "codegen/Target.h"

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace halftone {

/// Predicts how long a schedule takes, from the exact tile counts of its plan, handed out over the
/// machine as the hardware does, and from what one tile costs in tensor-core, softmax and copy
/// cycles. It orders and prunes; measuring decides. After the analytical models of tile programs
/// such as Timeloop (Parashar et al., ISPASS 2019): the slowest resource bounds a tile.
class Model {
public:
  Model(const Problem &problem, const Target &target, const MachineFacts &machine);

  /// Seconds; an error where no plan can be made. Any thread may ask.
  Result<double> predict(const Schedule &schedule);

private:
  /// Key tiles of a work item.
  struct Item {
    uint32_t full, partial;
    uint32_t length() const { return full + partial; }
  };
  using Items = std::vector<Item>;
  /// Cycles of one worker (a block, or a CPU thread) for a key tile and for a query tile besides.
  struct Cost {
    double full = 0, partial = 0, once = 0;
    int workers = 1; ///< blocks that run at the same time, or threads
  };
  struct Planned {
    std::once_flag once;
    std::optional<Result<Items>> items;
  };
  /// In natural order; planned once for all schedules with the same tiles.
  Result<const Items *> itemsOf(const Schedule &schedule);
  static Items ordered(Items items, WorkOrder order);
  double fromMemory(const Schedule &schedule) const;
  Cost costOf(const Schedule &schedule) const;
  Cost gpuCost(const Schedule &schedule) const;
  Cost cpuCost(const Schedule &schedule) const;

  const Problem &problem;
  const Target &target;
  const MachineFacts machine;
  std::mutex mutex;
  std::map<std::string, Planned> planned; ///< by the fields that a plan's tiles depend on
};

/// Spearman's rank correlation of two lists of the same length, ties given their mean rank; 0 for
/// fewer than two entries or where one list is all ties.
double rankCorrelation(std::span<const double> first, std::span<const double> second);

} // namespace halftone
