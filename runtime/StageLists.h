#pragma once

#include "runtime/QueryTiles.h"
#include "runtime/WorkItems.h"

namespace halftone {

/// The stages of a plan, and which of them every query tile walks.
struct StageLists {
  std::vector<uint32_t> stages;
  std::vector<std::vector<TileRow>> rows; ///< [class][query tile], whole clusters
  std::vector<bool> hasPartial;           ///< [class]: whether its ranges have partial ones
  int64_t pages = 0;                      ///< Plan::maskPages

  /// Long lists are cut by up to four threads; how many does not show in the result.
  static Result<StageLists> cut(const QueryTiles &tiles);
};

} // namespace halftone
