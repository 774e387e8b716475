#include "autotune/Space.h"

#include <algorithm>

namespace halftone {

namespace {

template <int Schedule::*Field>
Knob number(std::string_view name, std::string_view meaning, std::vector<int> values) {
  return {name, meaning, std::move(values),
          [](const Schedule &schedule) { return schedule.*Field; },
          [](Schedule &schedule, int value) { schedule.*Field = value; }};
}

Knob order() {
  return {"order",
          "which query tiles are handed out first: as they come, long rows first, by length, or "
          "band by band across all frames",
          {int(WorkOrder::Natural), int(WorkOrder::LongFirst), int(WorkOrder::LongestFirst),
           int(WorkOrder::AcrossFrames)},
          [](const Schedule &schedule) { return int(schedule.order); },
          [](Schedule &schedule, int value) { schedule.order = WorkOrder(value); }};
}

std::vector<Knob> cpuKnobs() {
  return {number<&Schedule::tileQ>("tileQ",
                                   "query rows of a tile: more reuse of a key tile, less "
                                   "to hand out to threads",
                                   {16, 32, 64, 128}),
          number<&Schedule::tileK>(
              "tileK", "key rows of a tile: fewer softmax steps, more scores in the caches",
              {16, 32, 64, 128, 256}),
          number<&Schedule::vectorWidth>(
              "vectorWidth", "floats of a vector: narrower ones may clock higher", {0, 4, 8}),
          order()};
}

std::vector<Knob> mmaKnobs() {
  return {number<&Schedule::tileQ>("tileQ",
                                   "query rows of a block: more reuse of a key tile, more "
                                   "registers or warps",
                                   {32, 64, 128, 256}),
          number<&Schedule::tileK>(
              "tileK", "key rows of a tile: fewer softmax steps, more shared memory and registers",
              {32, 48, 64, 96, 128}),
          number<&Schedule::stages>(
              "stages", "key and value tiles in flight: hides copies, takes shared memory", {1, 2}),
          number<&Schedule::warps>("warps", "warps of a block: tileQ / warps rows each", {2, 4, 8}),
          order()};
}

std::vector<Knob> hopKnobs() {
  return {
      number<&Schedule::tileQ>("tileQ",
                               "query rows of a block: 64 for each warp group that "
                               "computes",
                               {64, 128, 192}),
      number<&Schedule::tileK>(
          "tileK", "key rows of a stage: fewer softmax steps, more shared memory and registers",
          {64, 80, 96, 112, 128, 144, 160, 176, 192}),
      number<&Schedule::stages>(
          "stages", "key and value tiles in flight: hides copies, takes shared memory", {2, 3, 4}),
      number<&Schedule::gather>(
          "gather", "key rows copied at once: small ones fill a stage from scattered ranges",
          {16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192}),
      number<&Schedule::overlap>(
          "overlap", "whether the next scores are computed under this tile's softmax", {0, 1}),
      number<&Schedule::pingPong>("pingPong",
                                  "whether two warp groups take turns at the tensor cores", {0, 1}),
      number<&Schedule::skipRescale>(
          "skipRescale", "whether accumulators are rescaled only where a maximum grew enough",
          {0, 1}),
      number<&Schedule::groupLists>(
          "groupLists", "whether a warp group skips the stages that its 64 rows keep nothing of",
          {0, 1}),
      number<&Schedule::cluster>(
          "cluster", "blocks that share stages: less traffic from the second-level cache", {1, 2}),
      order()};
}

/// Calls `visit` with every combination of the knobs' values from `at` on.
template <typename Visit>
void enumerate(const std::vector<Knob> &knobs, size_t at, Schedule &schedule, const Visit &visit) {
  if (at == knobs.size())
    return visit(schedule);
  for (int value : knobs[at].values) {
    knobs[at].set(schedule, value);
    enumerate(knobs, at + 1, schedule, visit);
  }
}

/// A chunk that does not divide its stage is no schedule at all, nor are lists by warp group where
/// there is one, or beside what excludes them, nor clusters that one block could be, nor another
/// order that is the same; there are too many of them to list as rejected.
bool isSchedule(const Problem &problem, const Schedule &schedule) {
  if (schedule.order == WorkOrder::AcrossFrames && bandsAcrossFrames(problem.query()) == 1)
    return false;
  if (schedule.groupLists && (schedule.tileQ == 64 || schedule.overlap || schedule.pingPong))
    return false;
  if (schedule.cluster > 1 && schedule.tileQ == 64)
    return false;
  return schedule.gather == 0 ||
         (schedule.gather <= schedule.tileK && schedule.tileK % schedule.gather == 0);
}

} // namespace

std::vector<Knob> knobsOf(const Target &target) {
  if (target.kind == Target::Kind::Cpu)
    return cpuKnobs();
  return target.name.ends_with('a') ? hopKnobs() : mmaKnobs();
}

Space Space::of(const Problem &problem, const Target &target) {
  Space space;
  space.allKnobs = knobsOf(target);
  Schedule standard = defaultSchedule(problem, target);
  for (Knob &knob : space.allKnobs) {
    int value = knob.get(standard);
    auto at = std::lower_bound(knob.values.begin(), knob.values.end(), value);
    if (at == knob.values.end() || *at != value)
      knob.values.insert(at, value);
  }
  space.legal.push_back(standard);
  Schedule schedule = standard;
  enumerate(space.allKnobs, 0, schedule, [&](const Schedule &candidate) {
    if (candidate == standard || !isSchedule(problem, candidate))
      return;
    if (std::optional<Rejection> found = rejection(problem, candidate, target))
      space.refused.push_back({candidate, *found});
    else
      space.legal.push_back(candidate);
  });
  return space;
}

bool Space::contains(const Schedule &schedule) const {
  return std::find(legal.begin(), legal.end(), schedule) != legal.end();
}

std::vector<Schedule> Space::neighbours(const Schedule &schedule) const {
  std::vector<Schedule> found;
  for (const Knob &knob : allKnobs) {
    int current = knob.get(schedule);
    auto tryValue = [&](int value) {
      Schedule changed = schedule;
      knob.set(changed, value);
      bool isLegal = contains(changed);
      if (isLegal)
        found.push_back(changed);
      return isLegal;
    };
    if (knob.name == "order") {
      for (int value : knob.values)
        if (value != current)
          tryValue(value);
      continue;
    }
    // The nearest legal value on each side: one between may not fit with the other knobs.
    auto above = std::upper_bound(knob.values.begin(), knob.values.end(), current);
    for (auto value = above; value != knob.values.end(); ++value)
      if (tryValue(*value))
        break;
    for (auto value = std::lower_bound(knob.values.begin(), knob.values.end(), current);
         value != knob.values.begin();)
      if (tryValue(*--value))
        break;
  }
  return found;
}

} // namespace halftone
