#pragma once

#include "dsl/Error.h"
#include "dsl/WorkOrder.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace halftone {

/// How a problem is run: tile sizes and so on. **It never changes the result.** Fields that a
/// target does not use are left at their defaults, and refused by it otherwise.
struct Schedule {
  int tileQ = 128;     ///< query rows of a tile
  int tileK = 64;      ///< key rows of a tile
  int stages = 2;      ///< key/value tiles in flight (mma: 1 or 2; hop: as many as fit)
  int warps = 4;       ///< mma: warps of a block; each has tileQ / warps rows, a multiple of 16
  int vectorWidth = 0; ///< cpu: floats of a vector; 0: as wide as the machine
  // hop (sm_90a): tileQ / 64 consumer warp groups beside one producer; warps is not used.
  int gather = 0;      ///< hop: key rows of a chunk; a key tile is tileK / gather chunks
  int overlap = 0;     ///< hop: 1: the next scores are computed under this tile's softmax
  int pingPong = 0;    ///< hop: 1: two warp groups take turns at issuing matrix ops
  int skipRescale = 0; ///< hop: 1: accumulators are rescaled only where a maximum grew enough
  int groupLists = 0;  ///< hop: 1: a warp group skips the key tiles its 64 rows keep nothing of
  int cluster = 1;     ///< hop: 2: what two blocks both keep is copied once, half by each
  WorkOrder order = WorkOrder::LongFirst;

  /// Query rows for which a stage of keys is kept or not: a tile's, or a warp group's.
  int keptRows() const { return groupLists ? 64 : tileQ; }
  /// What of it decides the code. The order of work does not, plans alone have one.
  Schedule code() const {
    Schedule code = *this;
    code.order = WorkOrder::LongFirst;
    return code;
  }
  bool operator==(const Schedule &) const = default;
  /// "tileQ=128 tileK=64 stages=2 order=longFirst": the first three and the order always,
  /// the others where they are not at their defaults; parse reads it back and takes any subset of
  /// the fields.
  std::string text() const;
  static Result<Schedule> parse(std::string_view text);
};

} // namespace halftone
