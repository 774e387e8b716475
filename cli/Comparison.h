#pragma once

#include "cli/AttentionQuality.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace halftone::cli {

/// Patterns beside each other on the same tensors.
struct Comparison {
  struct Row {
    std::string name, where;
    BlockMask mask;                   ///< of the first head, for a picture
    int64_t keptPairs = 0;            ///< all heads
    double density = 0;               ///< part of all pairs that is kept
    double covered = 0;               ///< part that is computed, in tiles
    std::vector<double> milliseconds; ///< of each launch, fastest first
    double cpuMilliseconds = 0;       ///< of the processors, for a launch
    double teraflops = 0;             ///< on kept pairs, of the median
    std::string schedule;
    CheckReport checked;
    std::optional<Quality> quality;

    double median() const { return milliseconds[milliseconds.size() / 2]; }
  };
  std::string layout, tensors; ///< "video(...)", "4 heads, head dim 64, f32"
  std::string target, device;
  std::vector<Row> rows;
  size_t dense = 0; ///< the row that speed-ups count from

  double speedup(const Row &row) const { return rows[dense].median() / row.median(); }
};

/// In the JSON format of Google Benchmark: every launch a repetition, the median an aggregate, the
/// rest counters.
nlohmann::ordered_json benchmarkDocument(const Comparison &comparison);

/// One page of HTML that needs nothing but itself: the times as bars, the speed-ups against
/// density with the line 1 / density, a picture of each mask, and what is kept of the attention.
Result<std::string> comparisonPage(const Comparison &comparison);

/// An aligned table, a row a pattern.
std::string comparisonTable(const Comparison &comparison);

} // namespace halftone::cli
