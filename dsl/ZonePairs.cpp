// Counting the kept pairs of zones.

#include "dsl/ZoneSolver.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace halftone {

int64_t ZoneSolver::countPairs(const std::function<bool(int64_t, int64_t)> &kept) {
  std::map<std::tuple<int32_t, int64_t, int64_t>, int64_t> counts; // by slot and query zone
  int64_t pairs = 0;
  for (size_t number = 0; number < queryZones.size(); ++number) {
    const Zone &zone = queryZones[number];
    uint64_t known = slotGeneration;
    enterQueryZone(int32_t(number));
    if (slotGeneration != known) // the numbers of slots started anew
      counts.clear();
    for (const Entry &entry : entries) {
      const Zone &first = keyZones[entry.first], &last = keyZones[entry.last - 1];
      if (entry.slot < 0) {
        pairs += zone.length() * (last.end - first.begin);
        continue;
      }
      // Token indices of zones of several frames are kept apart from places.
      int64_t place = zone.frame >= 0 ? zone.place : -1 - zone.begin;
      auto [at, isNew] = counts.try_emplace({entry.slot, place, zone.length()}, 0);
      if (isNew)
        at->second = countSlot(slots[entry.slot].condition, first, kept);
      pairs += at->second;
    }
  }
  return pairs;
}

/// Whether a specialised condition sees places only as distances of the query's and the key's.
bool ZoneSolver::isOfDistance(TermId id) const {
  const Term &term = pool[id];
  if (term.uses == 0)
    return true;
  if (term.op == Op::Coordinate)
    return false;
  if (term.op == Op::Sub) {
    const Term &left = pool[term.operands[0]], &right = pool[term.operands[1]];
    if (left.op == Op::Coordinate && right.op == Op::Coordinate)
      return left.coordinate == Coordinate::Place && right.coordinate == Coordinate::Place &&
             left.side != right.side;
  }
  return std::all_of(term.operands.begin(), term.operands.end(),
                     [&](TermId operand) { return operand < 0 || isOfDistance(operand); });
}

int64_t ZoneSolver::countSlot(TermId condition, const Zone &keys,
                              const std::function<bool(int64_t, int64_t)> &kept) {
  const Zone &queries = queryZones[currentZone];
  if (queries.frame >= 0 && keys.frame >= 0 && isOfDistance(condition))
    return countDistances(condition, keys, kept);
  int64_t pairs = 0;
  int64_t origin = keys.frame >= 0 ? keys.place : keys.begin;
  for (int64_t query = queries.begin; query < queries.end; ++query) {
    pieceRanges = rangesOfTokens(this->query, query, query + 1);
    scratch.clear();
    solveRange(condition, keys, {origin, origin + keys.length()}, origin, scratch);
    for (const KeyRun &run : scratch) {
      if (run.kept == Kept::All)
        pairs += run.end - run.begin;
      else
        for (int64_t key = run.begin; key < run.end; ++key)
          pairs += kept(query, keys.begin + key);
    }
  }
  return pairs;
}

/// Solves for the distance once, with one query at place 0, and counts the pairs of each distance.
int64_t ZoneSolver::countDistances(TermId condition, const Zone &keys,
                                   const std::function<bool(int64_t, int64_t)> &kept) {
  const Zone &queries = queryZones[currentZone];
  pieceRanges.fill({0, 0});
  int64_t least = keys.place - (queries.place + queries.length() - 1);
  int64_t most = keys.place + keys.length() - 1 - queries.place;
  scratch.clear();
  solveRange(condition, keys, {least, most + 1}, least, scratch);
  int64_t pairs = 0;
  for (const KeyRun &run : scratch)
    for (int64_t distance = least + run.begin; distance < least + run.end; ++distance) {
      // Query places whose key at this distance lies in the zone.
      int64_t first = std::max(queries.place, keys.place - distance);
      int64_t last =
          std::min(queries.place + queries.length(), keys.place + keys.length() - distance);
      if (run.kept == Kept::All || kept(queries.begin + (first - queries.place),
                                        keys.begin + (first + distance - keys.place)))
        pairs += last - first;
    }
  return pairs;
}

} // namespace halftone
