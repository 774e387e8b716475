#include "autotune/Moves.h"

#include <algorithm>

namespace halftone {

namespace {

/// Of each device.
constexpr size_t movesAtOnce = 8;

} // namespace

/// Neighbours that have not been tried, the model's best first, as many as are tried at once.
std::vector<Schedule> Moves::untriedNear(const Schedule &from) const {
  std::vector<Candidate> untried;
  for (const Schedule &near : neighbours(from))
    if (!rounds.isTried(near))
      untried.push_back({near, rounds.predictedOf(near)});
  std::sort(untried.begin(), untried.end(), isPreferred);
  std::vector<Schedule> first;
  for (size_t i = 0; i < std::min(untried.size(), rounds.atOnce(movesAtOnce)); ++i)
    first.push_back(untried[i].schedule);
  return first;
}

void Moves::expectFirst() const {
  if (std::optional<size_t> best = rounds.best())
    rounds.runner.expect(untriedNear(rounds.scheduleAt(*best)));
}

void Moves::run() {
  TrialRunner &runner = rounds.runner;
  std::vector<Schedule> explored;
  for (int number = 1;
       !runner.ended() && rounds.left(1) > 0 && runner.elapsed() < rounds.until(movesShare);
       ++number) {
    // The best two whose neighbours have not been looked at: a second one leads out of a dead end.
    std::vector<size_t> timed = rounds.timedByTime();
    std::vector<Schedule> unexplored;
    for (size_t i = 0; i < std::min<size_t>(2, timed.size()); ++i) {
      const Schedule &schedule = rounds.scheduleAt(timed[i]);
      if (std::find(explored.begin(), explored.end(), schedule) == explored.end())
        unexplored.push_back(schedule);
    }
    if (unexplored.empty())
      return;
    explored.push_back(unexplored.front());
    std::vector<Schedule> tried = untriedNear(unexplored.front());
    tried.resize(std::min(tried.size(), size_t(rounds.left(1))));
    // Unless one of them is better, the other one's neighbours are next.
    runner.expect(unexplored.size() > 1 ? untriedNear(unexplored.back()) : std::vector<Schedule>());
    rounds.run({"move " + std::to_string(number), 10, 1.15, movesShare}, tried);
  }
}

} // namespace halftone
