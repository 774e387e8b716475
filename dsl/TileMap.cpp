#include "dsl/TileMap.h"

#include "dsl/Division.h"
#include "dsl/MaskSolver.h"

#include <algorithm>

namespace halftone {
namespace {

/// Turns runs of tokens into ranges of whole granules.
class GranuleCutter {
public:
  GranuleCutter(int64_t granule, int64_t keys)
      : granule(uint32_t(granule)), keys(uint32_t(keys)), byGranule(granule) {}

  /// Appends the ranges of one query tile.
  void cut(const KeyRuns &runs, std::vector<KeyRange> &out) {
    rowBegin = out.size();
    open = false;
    for (const KeyRun &run : runs) {
      uint32_t first = number(run.begin), last = number(run.end - 1);
      uint32_t at = run.begin;
      if (open && first == openGranule) {
        uint32_t end = std::min(run.end, endOf(first));
        openFull += run.kept == Kept::All ? end - at : 0;
        if (first == last)
          continue;
        at = end;
        ++first;
      }
      close(out);
      // Granules that this run covers alone, then the one that its end lies in.
      uint32_t middle = startOf(first) == at ? first : first + 1;
      if (middle != first && first != last) {
        append(startOf(first), endOf(first), false, out);
        at = endOf(first);
      }
      bool endsWhole = run.end == endOf(last);
      uint32_t stop = endsWhole ? last + 1 : last;
      if (middle < stop) {
        append(startOf(middle), endOf(stop - 1), run.kept == Kept::All, out);
        at = endOf(stop - 1);
      }
      if (at < run.end) {
        open = true;
        openGranule = last;
        openFull = run.kept == Kept::All ? run.end - at : 0;
      }
    }
    close(out);
  }

private:
  uint32_t number(uint32_t token) const { return uint32_t(byGranule.down(token)); }
  uint32_t startOf(uint32_t number) const { return number * granule; }
  uint32_t endOf(uint32_t number) const {
    return uint32_t(std::min<uint64_t>(keys, (uint64_t{number} + 1) * granule));
  }

  void close(std::vector<KeyRange> &out) {
    if (!open)
      return;
    uint32_t begin = startOf(openGranule), end = endOf(openGranule);
    append(begin, end, openFull == end - begin, out);
    open = false;
  }

  void append(uint32_t begin, uint32_t end, bool full, std::vector<KeyRange> &out) {
    if (out.size() > rowBegin && out.back().end == begin && out.back().full == full)
      out.back().end = end;
    else
      out.emplace_back(begin, end, full);
  }

  uint32_t granule, keys;
  Division byGranule;
  size_t rowBegin = 0;
  bool open = false; ///< a granule of which only some keys were seen so far
  uint32_t openGranule = 0, openFull = 0;
};

bool dependsOnHead(const Node &node, Op op) {
  return node.op == op ||
         std::any_of(node.operands.begin(), node.operands.end(),
                     [&](const NodePointer &operand) { return dependsOnHead(*operand, op); });
}

} // namespace

class TileMapBuilder {
public:
  TileMapBuilder(const Problem &problem, int64_t tileQ, int64_t granule)
      : problem(problem), masks(pool, problem.query(), problem.key()) {
    map.rowsPerTile = tileQ;
    map.granuleSize = granule;
    map.queryCount = problem.query().tokenCount();
    map.keyCount = problem.key().tokenCount();
    map.tileCount = (map.queryCount + tileQ - 1) / tileQ;
    map.heads = problem.shape().heads;
  }

  Result<TileMap> build() {
    findClasses();
    size_t ranges = 0;
    for (TermId condition : conditions) {
      addClass(condition);
      ranges += map.keyRanges.back().size();
    }
    if (ranges == 0)
      return misuse(
          "the pattern keeps no pair of the " + std::to_string(map.queryCount) + " queries and " +
              std::to_string(map.keyCount) + " keys: `" + problem.pattern().text() + "`",
          "use a pattern that is true somewhere on this layout", problem.pattern().node()->where);
    return std::move(map);
  }

private:
  /// Specialises the pattern to each head and batch element; equal ones are one class.
  void findClasses() {
    const Node &node = *problem.pattern().node();
    const AttentionShape &shape = problem.shape();
    int64_t batches = dependsOnHead(node, Op::Batch) ? shape.batch : 1;
    int64_t heads = dependsOnHead(node, Op::Head) ? shape.heads : 1;
    std::unordered_map<TermId, int32_t> numbers;
    std::vector<int32_t> distinct;
    for (int64_t batch = 0; batch < batches; ++batch)
      for (int64_t head = 0; head < heads; ++head) {
        TermId condition = pool.import(node, batch, head);
        auto [at, isNew] = numbers.try_emplace(condition, int32_t(conditions.size()));
        if (isNew)
          conditions.push_back(condition);
        distinct.push_back(at->second);
      }
    for (int64_t batch = 0; batch < shape.batch; ++batch)
      for (int64_t head = 0; head < shape.heads; ++head)
        map.classes.push_back(distinct[batch % batches * heads + head % heads]);
  }

  void addClass(TermId condition) {
    MaskSolver solver(pool, condition, problem.query(), problem.key(), masks, map.rowsPerTile,
                      map.granuleSize);
    GranuleCutter cutter(map.granuleSize, map.keyCount);
    std::vector<KeyRange> ranges;
    std::vector<uint32_t> starts{0};
    starts.reserve(map.tileCount + 1);
    KeyRuns runs, before;
    for (int64_t tile = 0; tile < map.tileCount; ++tile) {
      int64_t begin = tile * map.rowsPerTile;
      std::swap(runs, before);
      solver.solve(begin, std::min(begin + map.rowsPerTile, map.queryCount), runs);
      if (tile && runs == before) { // of the same block of a mask, as a rule
        size_t from = starts[size_t(tile) - 1], count = ranges.size() - from;
        ranges.resize(ranges.size() + count);
        std::copy_n(ranges.begin() + std::ptrdiff_t(from), count,
                    ranges.end() - std::ptrdiff_t(count));
      } else {
        cutter.cut(runs, ranges);
      }
      starts.push_back(uint32_t(ranges.size()));
    }
    map.keyRanges.push_back(std::move(ranges));
    map.rowStarts.push_back(std::move(starts));
  }

  const Problem &problem;
  TileMap map;
  TermPool pool;
  BlockMasks masks;
  std::vector<TermId> conditions; ///< [class]
};

Result<TileMap> TileMap::build(const Problem &problem, int64_t tileQ, int64_t granule) {
  if (tileQ < 1 || granule < 1)
    return misuse("a tile of " + std::to_string(tileQ) + " queries cut at " +
                      std::to_string(granule) + " keys",
                  "use at least 1 of each, for example 128 and 64");
  return TileMapBuilder(problem, tileQ, granule).build();
}

int64_t TileMap::classOf(int64_t batch, int64_t head) const {
  return classes[batch * heads + head];
}

std::span<const KeyRange> TileMap::ranges(int64_t maskClass, int64_t queryTile) const {
  const std::vector<uint32_t> &starts = rowStarts[maskClass];
  return std::span(keyRanges[maskClass])
      .subspan(starts[queryTile], starts[queryTile + 1] - starts[queryTile]);
}

int64_t TileMap::coveredPairs() const {
  std::vector<int64_t> covered;
  for (size_t maskClass = 0; maskClass < rowStarts.size(); ++maskClass) {
    int64_t pairs = 0;
    for (int64_t tile = 0; tile < tileCount; ++tile) {
      int64_t queries = std::min(rowsPerTile, queryCount - tile * rowsPerTile);
      for (const KeyRange &range : ranges(int64_t(maskClass), tile))
        pairs += queries * int64_t(range.end - range.begin);
    }
    covered.push_back(pairs);
  }
  int64_t total = 0;
  for (int32_t maskClass : classes)
    total += covered[maskClass];
  return total;
}

} // namespace halftone
