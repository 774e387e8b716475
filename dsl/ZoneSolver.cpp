#include "dsl/ZoneSolver.h"

#include <algorithm>
#include <bit>

namespace halftone {
namespace {

/// Up to this many key zones are specialised one by one, without looking at them together first.
constexpr int32_t zonesAtOnce = 16;
/// Remembered things are forgotten beyond these numbers, so that memory stays small.
constexpr size_t mostAnswers = 1 << 16, mostRuns = 1 << 19;
constexpr TermId mostTerms = 1 << 16;

Resolution resolutionFor(int64_t granule) {
  return {.fine = std::max<int64_t>(1, granule / 4), .coarse = granule, .limit = 2048};
}

/// Whether a side's frames are long enough against `tokens` to be treated one by one.
bool separatesFrames(const Layout &layout, int64_t tokens) {
  return layout.frameCount() == 1 || layout.tokensPerFrame() * 8 >= tokens;
}
bool separatesSegments(const Layout &layout, int64_t tokens) {
  return !layout.isPacked() ||
         layout.tokenCount() * 8 >= tokens * int64_t(layout.segments().size());
}

/// A number for each zone, the same for neighbours of one place and length: frames are neighbours,
/// and others are rarely alike.
std::vector<int32_t> shapesOf(const std::vector<Zone> &zones) {
  std::vector<int32_t> numbers;
  for (size_t i = 0; i < zones.size(); ++i) {
    const Zone &zone = zones[i], &previous = zones[i ? i - 1 : 0];
    bool isAlike = zone.place == previous.place && zone.length() == previous.length() &&
                   (zone.frame < 0) == (previous.frame < 0);
    numbers.push_back(i == 0 ? 0 : numbers.back() + !isAlike);
  }
  return numbers;
}

} // namespace

ZoneSolver::ZoneSolver(const TermPool &terms, TermId condition, const Layout &query,
                       const Layout &key, int64_t queries, int64_t granule)
    : pool(terms), condition(condition), query(query), key(key), granule(granule),
      resolution(resolutionFor(granule)), zonePattern(pool, query, key), termBounds(pool, key) {
  queryZones = cutZones(query, {.frames = separatesFrames(query, queries),
                                .segments = separatesSegments(query, queries)});
  keyZones = cutZones(key, {.frames = separatesFrames(key, granule), .segments = true});
  constexpr uint32_t rowBits =
      coordinateBit(Side::Query, Coordinate::Row) | coordinateBit(Side::Query, Coordinate::Column);
  cutsRows =
      (pool[condition].uses & rowBits) != 0 && query.height() > 1 && query.width() * 16 >= queries;
  ownTerms = pool.size();
  keyShapes = shapesOf(keyZones);
  queryShapes = shapesOf(queryZones);
}

void ZoneSolver::cut(int64_t begin, int64_t end, std::vector<QueryPiece> &pieces) const {
  auto zone = std::upper_bound(queryZones.begin(), queryZones.end(), begin,
                               [](int64_t at, const Zone &zone) { return at < zone.begin; }) -
              1;
  for (; begin < end; ++zone) {
    int64_t zoneEnd = std::min(end, zone->end);
    while (begin < zoneEnd) {
      int64_t pieceEnd = zoneEnd;
      if (cutsRows && !zone->isText)
        pieceEnd = std::min(zoneEnd, (begin / query.width() + 1) * query.width());
      pieces.push_back({begin, pieceEnd, int32_t(zone - queryZones.begin())});
      begin = pieceEnd;
    }
  }
}

size_t ZoneSolver::TripleHash::operator()(const Triple &triple) const {
  uint64_t hash = 0;
  for (int64_t number : triple)
    hash = (std::rotl(hash, 29) ^ uint64_t(number)) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 32;
}

void ZoneSolver::forgetAnswers() {
  answers.clear();
  answerRuns.clear();
  ++stamp;
}

void ZoneSolver::enterQueryZone(int32_t number) {
  currentZone = number;
  entries.clear();
  if (pool.size() > ownTerms + mostTerms) {
    pool.shrink(ownTerms);
    slots.clear();
    ++slotGeneration;
    slotNumbers.clear();
    forgetAnswers();
  }
  const Zone *zone = &queryZones[number];
  zoneRanges = rangesOfZones(query, zone, zone + 1);
  addEntries(0, int32_t(keyZones.size()));
}

void ZoneSolver::addWhole(int32_t first, int32_t last) {
  if (!entries.empty() && entries.back().slot < 0 && entries.back().last == first)
    entries.back().last = last;
  else
    entries.push_back({first, last, -1});
}

void ZoneSolver::addEntries(int32_t first, int32_t last) {
  if (last - first > zonesAtOnce) {
    CoordinateRanges keys = rangesOfZones(key, &keyZones[first], &keyZones[0] + last);
    Kept kept = termBounds.overRanges(condition, zoneRanges, keys);
    if (kept == Kept::All)
      addWhole(first, last);
    if (kept != Kept::Some)
      return;
    int32_t middle = first + (last - first) / 2;
    addEntries(first, middle);
    addEntries(middle, last);
    return;
  }
  for (int32_t zone = first; zone < last; ++zone) {
    TermId term = zonePattern.specialise(condition, queryZones[currentZone], keyZones[zone]);
    if (pool[term].isConstant()) {
      if (pool[term].value)
        addWhole(zone, zone + 1);
      continue;
    }
    int32_t slot = slotOf(term, zone);
    if (slots[slot].ofZones == Kept::All)
      addWhole(zone, zone + 1);
    else if (slots[slot].ofZones == Kept::Some)
      entries.push_back({zone, zone + 1, slot});
  }
}

int32_t ZoneSolver::slotOf(TermId term, int32_t keyZone) {
  Triple name{keyShapes[keyZone], queryShapes[currentZone], term};
  auto [at, isNew] = slotNumbers.try_emplace(name, int32_t(slots.size()));
  if (isNew) {
    const Zone *zone = &keyZones[keyZone];
    Kept kept = termBounds.overRanges(term, zoneRanges, rangesOfZones(key, zone, zone + 1));
    slots.push_back({.condition = term, .keyZone = keyZone, .ofZones = kept});
  }
  return at->second;
}

void ZoneSolver::solve(const QueryPiece &piece, KeyRuns &out) {
  if (currentZone != piece.zone)
    enterQueryZone(piece.zone);
  if (answers.size() > mostAnswers || answerRuns.size() > mostRuns)
    forgetAnswers();
  ++stamp;
  pieceRanges = rangesOfTokens(query, piece.begin, piece.end);
  // Where the zone fixes the frame only the places matter, and these repeat. Token indices are kept
  // apart from places.
  constexpr int64_t apart = int64_t{1} << 40;
  const Zone &zone = queryZones[piece.zone];
  int64_t offset = zone.frame >= 0 ? zone.begin - zone.place : -apart;
  Triple question{piece.begin - offset, piece.end - offset, 0};
  out.clear();
  for (const Entry &entry : entries) {
    int64_t begin = keyZones[entry.first].begin;
    if (entry.slot < 0) {
      appendRun(out, uint32_t(begin), uint32_t(keyZones[entry.last - 1].end), Kept::All);
      continue;
    }
    Slot &slot = slots[entry.slot];
    if (slot.stamp != stamp)
      resolve(slot, entry.slot, question);
    const KeyRun *run = answerRuns.data() + slot.first;
    for (uint32_t i = 0; i < slot.count; ++i, ++run)
      appendRun(out, uint32_t(begin) + run->begin, uint32_t(begin) + run->end, run->kept);
  }
}

void ZoneSolver::resolve(Slot &slot, int32_t number, Triple question) {
  question[2] = number;
  auto [at, isNew] = answers.try_emplace(question);
  if (isNew) {
    const Zone &zone = keyZones[slot.keyZone];
    int64_t begin = zone.frame >= 0 ? zone.place : zone.begin;
    scratch.clear();
    solveRange(slot.condition, zone, {begin, begin + zone.length()}, begin, scratch);
    at->second = {uint32_t(answerRuns.size()), uint32_t(scratch.size())};
    answerRuns.insert(answerRuns.end(), scratch.begin(), scratch.end());
  }
  slot.stamp = stamp;
  slot.first = at->second.first;
  slot.count = at->second.second;
}

void ZoneSolver::solveRange(TermId condition, const Zone &zone, Domain domain, int64_t origin,
                            KeyRuns &out) {
  if (!termBounds.overZone(condition, pieceRanges, zone, domain, resolution, truths)) {
    int64_t middle = domain.begin + (domain.end - domain.begin) / 2;
    if (domain.end - domain.begin <= granule) {
      appendRun(out, uint32_t(domain.begin - origin), uint32_t(domain.end - origin), Kept::Some);
    } else {
      solveRange(condition, zone, {domain.begin, middle}, origin, out);
      solveRange(condition, zone, {middle, domain.end}, origin, out);
    }
    return;
  }
  for (size_t i = 0; i < truths.size(); ++i) {
    int64_t end = i + 1 < truths.size() ? truths[i + 1].begin : domain.end;
    appendRun(out, uint32_t(truths[i].begin - origin), uint32_t(end - origin), truths[i].kept);
  }
}

} // namespace halftone
