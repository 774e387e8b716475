#pragma once

#include "autotune/Limits.h"

#include <functional>

namespace halftone {

/// One knob of a target's schedules: a field of Schedule, what it means, and the values tried.
struct Knob {
  std::string_view name;    ///< as in Schedule::text()
  std::string_view meaning; ///< one sentence
  std::vector<int> values;  ///< rising
  int (*get)(const Schedule &) = nullptr;
  void (*set)(Schedule &, int) = nullptr;
};

/// Every knob of a target's schedules, declared once.
std::vector<Knob> knobsOf(const Target &target);

/// The schedules that a search may try for one problem on one target: all combinations of the
/// knobs' values that the target can run, the default schedule among them, and the others with what
/// speaks against them.
class Space {
public:
  /// The problem must check(). The default's own values are among those of each knob.
  static Space of(const Problem &problem, const Target &target);

  const std::vector<Knob> &knobs() const { return allKnobs; }
  /// The default first, then in the order of the knobs.
  const std::vector<Schedule> &schedules() const { return legal; }
  struct Rejected {
    Schedule schedule;
    Rejection rejection;
  };
  const std::vector<Rejected> &rejected() const { return refused; }

  /// The schedules of the space that differ in one knob, by one step up or down of its values that
  /// gives a legal schedule; of an order, by any step.
  std::vector<Schedule> neighbours(const Schedule &schedule) const;
  bool contains(const Schedule &schedule) const;

private:
  std::vector<Knob> allKnobs;
  std::vector<Schedule> legal;
  std::vector<Rejected> refused;
};

} // namespace halftone
