#include "autotune/Screening.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <tuple>

namespace halftone {

namespace {

/// The model is not trusted beyond a factor of 3.
constexpr double pruneFactor = 3;

/// All but the default, in the model's order.
std::vector<Candidate> othersByModel(const SearchRounds &rounds) {
  std::vector<Candidate> ordered(rounds.candidates.begin() + 1, rounds.candidates.end());
  std::sort(ordered.begin(), ordered.end(), isPreferred);
  return ordered;
}

/// The model errs by a few percent, in one direction for all schedules of a tile shape. So of each
/// shape the second stands behind others that seem 1 % slower, the fourth 2 %, the eighth 3 %.
constexpr double variety = 0.01;

std::vector<Candidate> withVariedShapes(const std::vector<Candidate> &ordered) {
  std::map<std::tuple<int, int, int>, int> taken;
  std::vector<std::pair<double, size_t>> places; // as slow as each is taken to be, and which it is
  places.reserve(ordered.size());
  for (size_t at = 0; at < ordered.size(); ++at) {
    const Schedule &schedule = ordered[at].schedule;
    int nth = ++taken[{schedule.tileQ, schedule.tileK, schedule.groupLists}];
    places.emplace_back(ordered[at].predictedMs * (1 + variety * std::log2(nth)), at);
  }
  std::ranges::sort(places);
  std::vector<Candidate> varied;
  varied.reserve(ordered.size());
  for (const auto &[time, at] : places)
    varied.push_back(ordered[at]);
  return varied;
}

/// The model's order with varied shapes, worse than pruneFactor left out, every fifth place given
/// to one that is drawn from all the rest.
std::vector<Schedule> screenOrder(const SearchRounds &rounds) {
  std::vector<Candidate> ordered = othersByModel(rounds);
  if (!ordered.empty()) {
    double worst = ordered.front().predictedMs * pruneFactor;
    std::erase_if(ordered, [&](const Candidate &one) { return one.predictedMs > worst; });
  }
  ordered = withVariedShapes(ordered);
  std::mt19937_64 random(rounds.options.seed);
  std::vector<Schedule> order;
  for (size_t place = 0; !ordered.empty(); ++place) {
    size_t pick = place % 5 == 4 ? size_t(random() % ordered.size()) : 0;
    order.push_back(ordered[pick].schedule);
    ordered.erase(ordered.begin() + std::ptrdiff_t(pick));
  }
  return order;
}

} // namespace

void screen(SearchRounds &rounds) {
  TrialRunner &runner = rounds.runner;
  std::vector<Schedule> order = screenOrder(rounds);
  // Where nothing works so far, there is nothing to move from: the whole budget looks for
  // something.
  auto share = [&] { return rounds.best() ? screenShare : 1; };
  // Smaller batches give what is clearly slower a better best to be compared with.
  const size_t batch = rounds.atOnce(16);
  for (size_t begin = 0, number = 1; begin < order.size() && rounds.left(share()) > 0; ++number) {
    size_t count = std::min({batch, order.size() - begin, size_t(rounds.left(share()))});
    std::vector<Schedule> part(order.begin() + std::ptrdiff_t(begin),
                               order.begin() + std::ptrdiff_t(begin + count));
    begin += count;
    size_t next = std::min(order.size(), begin + batch);
    runner.expect({order.begin() + std::ptrdiff_t(begin), order.begin() + std::ptrdiff_t(next)});
    rounds.run({"screen " + std::to_string(number), 3, 1.5, share()}, part);
    if (runner.ended() || runner.elapsed() >= rounds.until(share()))
      return;
  }
}

void halve(SearchRounds &rounds) {
  std::vector<Schedule> better;
  std::vector<size_t> timed = rounds.timedByTime();
  size_t third = std::max<size_t>(4, (timed.size() + 2) / 3);
  for (size_t i = 0; i < std::min(third, timed.size()); ++i)
    if (rounds.result.standings[timed[i]].timings < enoughTimings)
      better.push_back(rounds.scheduleAt(timed[i]));
  rounds.run({"measure", enoughTimings, 0, halvingShare}, better);
}

void sweep(SearchRounds &rounds) {
  std::vector<Schedule> all;
  all.reserve(rounds.candidates.size());
  for (const Candidate &candidate : othersByModel(rounds))
    all.push_back(candidate.schedule);
  // In parts, so that what is clearly slower is compared with a better best.
  constexpr size_t part = 64;
  for (size_t begin = 0, number = 1; begin < all.size() && rounds.left(1) > 0; ++number) {
    size_t count = std::min({part, all.size() - begin, size_t(rounds.left(1))});
    rounds.run({"sweep " + std::to_string(number), 3, 1.5, screenShare},
               {all.begin() + std::ptrdiff_t(begin), all.begin() + std::ptrdiff_t(begin + count)});
    begin += count;
  }
  std::vector<Schedule> better;
  std::vector<size_t> timed = rounds.timedByTime();
  const std::vector<Standing> &standings = rounds.result.standings;
  for (size_t at : timed)
    if (standings[at].timings < enoughTimings &&
        standings[at].milliseconds <=
            standings[timed.front()].milliseconds * (1 + 2 * rounds.options.sweepNearTie))
      better.push_back(rounds.scheduleAt(at));
  rounds.run({"measure", enoughTimings, 0, movesShare}, better);
}

void measureAll(SearchRounds &rounds) {
  std::vector<Schedule> all;
  for (size_t i = 1; i < rounds.candidates.size(); ++i)
    all.push_back(rounds.candidates[i].schedule);
  rounds.run({"measure", enoughTimings, 0, movesShare}, all);
}

} // namespace halftone
