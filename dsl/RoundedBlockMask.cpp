#include "dsl/MaskSolver.h"

#include <algorithm>
#include <numeric>

namespace halftone {
namespace {

/// Calls body(begin, end, kind) for all keys [0, count), those in no run as None.
template <typename Body> void forEachStretch(const KeyRuns &runs, int64_t count, Body body) {
  int64_t at = 0;
  for (const KeyRun &run : runs) {
    if (at < run.begin)
      body(at, int64_t{run.begin}, Kept::None);
    body(int64_t{run.begin}, int64_t{run.end}, run.kept);
    at = run.end;
  }
  if (at < count)
    body(at, count, Kept::None);
}

/// Rounds one block row after the other. Most blocks are decided by the analysis of the whole row;
/// the others by looking at single queries, the outermost first since they usually decide.
class RowRounder {
public:
  RowRounder(TermPool &pool, TermId condition, const Layout &query, const Layout &key,
             BlockMasks &masks, Rounding rounding, int64_t block)
      : condition(condition), queries(query.tokenCount()), keys(key.tokenCount()), block(block),
        rounding(rounding), rows(pool, condition, query, key, masks, block, block),
        single(pool, condition, query, key, masks, 1, 1), value(pool, query, key, masks) {}

  BlockMask round() {
    BlockMask mask;
    mask.block = block;
    mask.queryBlocks = (queries + block - 1) / block;
    mask.keyBlocks = (keys + block - 1) / block;
    mask.rowStart.push_back(0);
    for (int64_t row = 0; row < mask.queryBlocks; ++row) {
      decideRow(row);
      for (int64_t number = 0; number < mask.keyBlocks; ++number) {
        if (states[number] != State::Kept)
          continue;
        bool continues = number > 0 && states[number - 1] == State::Kept;
        if (!continues)
          mask.runs.push_back({uint32_t(number), uint32_t(number)});
        ++mask.runs.back().end;
      }
      mask.rowStart.push_back(uint32_t(mask.runs.size()));
    }
    return mask;
  }

private:
  enum class State : uint8_t { Undecided, Kept, Dropped };

  void decideRow(int64_t row) {
    int64_t begin = row * block, end = std::min(begin + block, queries);
    undecided = (keys + block - 1) / block;
    states.assign(undecided, State::Undecided);
    rows.solve(begin, end, runs);
    forEachStretch(runs, keys, [&](int64_t first, int64_t last, Kept kept) {
      for (int64_t number = first / block; number * block < last; ++number) {
        bool whole = first <= number * block && last >= std::min(keys, (number + 1) * block);
        if (kept == Kept::None && (rounding == Rounding::All || whole))
          decide(number, State::Dropped);
        if (kept == Kept::All && (rounding == Rounding::Any || whole))
          decide(number, State::Kept);
      }
    });
    std::vector<int64_t> order(end - begin);
    std::iota(order.begin(), order.end(), begin);
    if (order.size() > 2)
      std::swap(order[1], order.back());
    for (size_t i = 0; i < order.size() && undecided > 0; ++i)
      look(order[i]);
    for (State &state : states) // no pair decided otherwise
      if (state == State::Undecided)
        state = rounding == Rounding::Any ? State::Dropped : State::Kept;
  }

  /// Looks at one query for pairs that decide: kept ones under Any, dropped ones under All.
  void look(int64_t query) {
    bool wanted = rounding == Rounding::Any;
    Kept deciding = wanted ? Kept::All : Kept::None;
    single.solve(query, query + 1, runs);
    forEachStretch(runs, keys, [&](int64_t first, int64_t last, Kept kept) {
      if (kept != deciding && kept != Kept::Some)
        return;
      for (int64_t number = first / block; number * block < last; ++number) {
        if (states[number] != State::Undecided)
          continue;
        int64_t end = std::min(last, (number + 1) * block);
        bool decides = kept == deciding;
        for (int64_t key = std::max(first, number * block); key < end && !decides; ++key)
          decides = (value.at(condition, query, key) != 0) == wanted;
        if (decides)
          decide(number, wanted ? State::Kept : State::Dropped);
      }
    });
  }

  void decide(int64_t number, State state) {
    undecided -= states[number] == State::Undecided;
    states[number] = state;
  }

  TermId condition;
  int64_t queries, keys, block;
  Rounding rounding;
  MaskSolver rows, single;
  TermValue value;
  KeyRuns runs;
  std::vector<State> states;
  int64_t undecided = 0;
};

} // namespace

BlockMask roundedTerm(TermPool &pool, TermId condition, const Layout &query, const Layout &key,
                      BlockMasks &masks, Rounding rounding, int64_t block) {
  return RowRounder(pool, condition, query, key, masks, rounding, block).round();
}

const BlockMask &BlockMasks::of(TermId id) {
  std::unique_ptr<BlockMask> &mask = masks[id];
  if (!mask) {
    const Term term = pool[id];
    mask = std::make_unique<BlockMask>(
        term.op == Op::RadialBlocks
            ? radialBlockMask(key, pool.radial(term))
            : roundedTerm(pool, term.operands[0], query, key, *this, term.rounding, term.value));
  }
  return *mask;
}

BlockMask roundedBlockMask(const Layout &query, const Layout &key, const Pattern &pattern,
                           Rounding rounding, int64_t block, int64_t batch, int64_t head) {
  TermPool pool;
  TermId condition = pool.import(*pattern.node(), batch, head);
  BlockMasks masks(pool, query, key);
  return roundedTerm(pool, condition, query, key, masks, rounding, block);
}

} // namespace halftone
