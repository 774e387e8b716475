#include "autotune/Search.h"

#include "autotune/Model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace halftone {

namespace {

/// Shares of the budget at which the stages end.
constexpr double screenShare = 0.55, halvingShare = 0.7, movesShare = 0.88;
/// The model is not trusted beyond a factor of 3.
constexpr double pruneFactor = 3;
constexpr int raceRounds = 5, raceTimings = 4;
constexpr size_t mostFinalists = 6, mostFinalistsOfSweep = 24, movesAtOnce = 8;
/// What a first turn takes, in launches: warming up, verifying, timing, and comparing on the host.
constexpr double launchesOfTurn = 15;
/// What an interleaved race cannot tell apart: the default wins then.
constexpr double indistinguishable = 0.005;

/// The model's order; what it cannot tell apart, by name, so that it is an order.
bool isPreferred(const Candidate &a, const Candidate &b) {
  if (a.predictedMs != b.predictedMs)
    return a.predictedMs < b.predictedMs;
  return a.schedule.text() < b.schedule.text();
}

} // namespace

Search::Search(std::vector<Candidate> candidates, Neighbours neighbours, SearchOptions options,
               TrialRunner &runner, Progress progress)
    : candidates(std::move(candidates)), neighbours(std::move(neighbours)), options(options),
      runner(runner), progress(std::move(progress)) {}

double Search::until(double share) const {
  if (options.budget.seconds <= 0)
    return std::numeric_limits<double>::infinity();
  double end = options.budget.seconds;
  if (share >= 1 || result.standings.empty())
    return share * end;
  // Where a launch is long, the race needs more: the default and the best, each verified and timed.
  double turn = launchesOfTurn * result.standard().milliseconds / 1000;
  return std::min(share * end, std::max(end / 2, end - 2 * turn));
}

/// Candidates that may still be begun before `share` of the budget is spent.
int64_t Search::left(double share) const {
  if (!options.budget.candidates)
    return std::numeric_limits<int64_t>::max();
  auto allowed = int64_t(std::ceil(share * double(options.budget.candidates)));
  return std::max<int64_t>(0, allowed - int64_t(result.standings.size()));
}

double Search::predictedOf(const Schedule &schedule) const {
  for (const Candidate &candidate : candidates)
    if (candidate.schedule == schedule)
      return candidate.predictedMs;
  return 0;
}

Standing &Search::standingOf(const Schedule &schedule) {
  for (Standing &standing : result.standings)
    if (standing.candidate.schedule == schedule)
      return standing;
  Standing standing;
  standing.candidate = {schedule, predictedOf(schedule)};
  result.standings.push_back(std::move(standing));
  return result.standings.back();
}

/// Those with a time, the fastest first.
std::vector<size_t> Search::timedByTime() const {
  std::vector<size_t> timed;
  for (size_t i = 0; i < result.standings.size(); ++i)
    if (isTimed(result.standings[i].verdict))
      timed.push_back(i);
  std::sort(timed.begin(), timed.end(), [&](size_t a, size_t b) {
    return std::pair(result.standings[a].milliseconds, a) <
           std::pair(result.standings[b].milliseconds, b);
  });
  return timed;
}

std::optional<size_t> Search::best() const {
  std::vector<size_t> timed = timedByTime();
  return timed.empty() ? std::nullopt : std::optional(timed.front());
}

void Search::setPace(size_t device, const Outcome &outcome) {
  if (!isTimed(outcome.verdict))
    return;
  paces[device] = {outcome.device, outcome.medianMs};
  double sum = 0;
  int known = 0;
  for (const Pace &pace : paces)
    if (pace.milliseconds > 0) {
      sum += std::log(pace.milliseconds);
      ++known;
    }
  meanPace = known == 1 ? outcome.medianMs : std::exp(sum / known);
}

/// What a time on the device with that ordinal is times, to be compared with those of others.
double Search::scaleOf(int ordinal) const {
  for (const Pace &pace : paces)
    if (pace.ordinal == ordinal)
      return meanPace / pace.milliseconds;
  return 1;
}

/// Measures the default on every device. One where it fails although it runs on another is asked
/// again: by then the runner may have dropped it, and without a pace its times say nothing.
void Search::measureStandard() {
  paces.resize(size_t(runner.devices()));
  constexpr int mostTries = 3;
  for (int number = 1; number <= mostTries && !runner.ended(); ++number) {
    std::vector<Trial> trials;
    std::vector<size_t> where;
    for (size_t device = 0; device < paces.size(); ++device) {
      if (paces[device].milliseconds > 0)
        continue;
      trials.push_back({.schedule = candidates.front().schedule,
                        .round = number == 1 ? "default" : "default " + std::to_string(number),
                        .timings = 10,
                        .giveUpMs = 0,
                        .thorough = false,
                        .device = paces.size() > 1 ? int(device) : -1});
      where.push_back(device);
    }
    if (trials.empty())
      break;
    std::vector<Outcome> outcomes = runner.run(trials, std::numeric_limits<double>::infinity());
    for (size_t i = 0; i < trials.size(); ++i)
      setPace(where[i], outcomes[i]);
    for (size_t i = 0; i < trials.size(); ++i)
      take(trials[i], outcomes[i]);
    if (meanPace == 0)
      break;
  }
  if (result.standings.empty())
    standingOf(candidates.front().schedule);
  if (progress)
    progress(result);
}

void Search::take(const Trial &trial, const Outcome &outcome) {
  if (outcome.verdict == Verdict::NotRun)
    return;
  Standing &standing = standingOf(trial.schedule);
  // A fault in any round is a fault: no time before it or after it counts.
  if (standing.verdict != Verdict::NotRun && !isTimed(standing.verdict))
    return;
  if (isTimed(outcome.verdict)) {
    standing.milliseconds = outcome.medianMs * scaleOf(outcome.device);
    standing.spread = outcome.spread;
    standing.clockMhz = outcome.clockMhz;
    if (standing.timings == 0)
      standing.foundAt = outcome.elapsed;
  }
  standing.verdict = outcome.verdict;
  standing.reason = outcome.reason;
  standing.round = trial.round;
  standing.timings += int(outcome.milliseconds.size());
  if (outcome.compileMs > 0) {
    standing.registers = outcome.registers;
    standing.spillBytes = outcome.spillBytes;
    standing.compileMs = outcome.compileMs;
  }
}

void Search::runRound(const Round &round, const std::vector<Schedule> &schedules) {
  if (schedules.empty() || runner.ended())
    return;
  std::optional<size_t> leader = best();
  double giveUp =
      round.giveUp && leader ? round.giveUp * result.standings[*leader].milliseconds : 0;
  std::vector<double> stretch;
  stretch.reserve(paces.size());
  for (const Pace &pace : paces)
    stretch.push_back(pace.milliseconds > 0 ? pace.milliseconds / meanPace : 1);
  std::vector<Trial> trials;
  trials.reserve(schedules.size());
  for (const Schedule &schedule : schedules)
    trials.push_back({.schedule = schedule,
                      .round = round.name,
                      .timings = round.timings,
                      .giveUpMs = giveUp,
                      .thorough = false,
                      .device = -1,
                      .paces = stretch});
  std::vector<Outcome> outcomes = runner.run(trials, until(round.until));
  for (size_t i = 0; i < trials.size(); ++i)
    take(trials[i], outcomes[i]);
  if (progress)
    progress(result);
}

/// The model's order, worse than pruneFactor left out, every fifth place given to one that is drawn
/// from all the rest.
std::vector<Schedule> Search::screenOrder() {
  std::vector<Candidate> ordered(candidates.begin() + 1, candidates.end());
  std::sort(ordered.begin(), ordered.end(), isPreferred);
  if (!ordered.empty()) {
    double worst = ordered.front().predictedMs * pruneFactor;
    std::erase_if(ordered, [&](const Candidate &one) { return one.predictedMs > worst; });
  }
  std::mt19937_64 random(options.seed);
  std::vector<Schedule> order;
  for (size_t place = 0; !ordered.empty(); ++place) {
    size_t pick = place % 5 == 4 ? size_t(random() % ordered.size()) : 0;
    order.push_back(ordered[pick].schedule);
    ordered.erase(ordered.begin() + std::ptrdiff_t(pick));
  }
  return order;
}

void Search::screen() {
  std::vector<Schedule> order = screenOrder();
  // Where nothing works so far, there is nothing to move from: the whole budget looks for
  // something.
  auto share = [&] { return best() ? screenShare : 1; };
  // Smaller batches give what is clearly slower a better best to be compared with.
  const size_t batch = atOnce(16);
  for (size_t begin = 0, number = 1; begin < order.size() && left(share()) > 0; ++number) {
    size_t count = std::min({batch, order.size() - begin, size_t(left(share()))});
    std::vector<Schedule> part(order.begin() + std::ptrdiff_t(begin),
                               order.begin() + std::ptrdiff_t(begin + count));
    begin += count;
    size_t next = std::min(order.size(), begin + batch);
    runner.expect({order.begin() + std::ptrdiff_t(begin), order.begin() + std::ptrdiff_t(next)});
    runRound({"screen " + std::to_string(number), 3, 1.5, share()}, part);
    if (runner.ended() || runner.elapsed() >= until(share()))
      return;
  }
}

void Search::halve() {
  std::vector<Schedule> better;
  std::vector<size_t> timed = timedByTime();
  size_t third = std::max<size_t>(4, (timed.size() + 2) / 3);
  for (size_t i = 0; i < std::min(third, timed.size()); ++i)
    if (result.standings[timed[i]].timings < 10)
      better.push_back(result.standings[timed[i]].candidate.schedule);
  if (!timed.empty()) // from where moves are likely to begin
    runner.expect(untriedNear(result.standings[timed.front()].candidate.schedule));
  runRound({"measure", 10, 0, halvingShare}, better);
}

/// Every candidate is screened, whatever the model says, and all that may be among the best are
/// measured properly.
void Search::sweep() {
  std::vector<Candidate> ordered(candidates.begin() + 1, candidates.end());
  std::sort(ordered.begin(), ordered.end(), isPreferred);
  std::vector<Schedule> all;
  all.reserve(ordered.size());
  for (const Candidate &candidate : ordered)
    all.push_back(candidate.schedule);
  // In parts, so that what is clearly slower is compared with a better best.
  constexpr size_t part = 64;
  for (size_t begin = 0, number = 1; begin < all.size() && left(1) > 0; ++number) {
    size_t count = std::min({part, all.size() - begin, size_t(left(1))});
    runRound({"sweep " + std::to_string(number), 3, 1.5, screenShare},
             {all.begin() + std::ptrdiff_t(begin), all.begin() + std::ptrdiff_t(begin + count)});
    begin += count;
  }
  std::vector<Schedule> better;
  std::vector<size_t> timed = timedByTime();
  for (size_t at : timed)
    if (result.standings[at].timings < 10 &&
        result.standings[at].milliseconds <=
            result.standings[timed.front()].milliseconds * (1 + 2 * options.sweepNearTie))
      better.push_back(result.standings[at].candidate.schedule);
  runRound({"measure", 10, 0, movesShare}, better);
}

/// All that were given.
void Search::measureAll() {
  std::vector<Schedule> all;
  for (size_t i = 1; i < candidates.size(); ++i)
    all.push_back(candidates[i].schedule);
  runRound({"measure", 10, 0, movesShare}, all);
}

/// Neighbours that have not been tried, the model's best first, as many as are tried at once.
std::vector<Schedule> Search::untriedNear(const Schedule &from) const {
  std::vector<Candidate> untried;
  for (const Schedule &near : neighbours(from)) {
    auto isNear = [&](const Standing &one) { return one.candidate.schedule == near; };
    if (std::none_of(result.standings.begin(), result.standings.end(), isNear))
      untried.push_back({near, predictedOf(near)});
  }
  std::sort(untried.begin(), untried.end(), isPreferred);
  std::vector<Schedule> first;
  for (size_t i = 0; i < std::min(untried.size(), atOnce(movesAtOnce)); ++i)
    first.push_back(untried[i].schedule);
  return first;
}

void Search::move() {
  std::vector<Schedule> explored;
  for (int number = 1; !runner.ended() && left(1) > 0 && runner.elapsed() < until(movesShare);
       ++number) {
    // The best two whose neighbours have not been looked at: a second one leads out of a dead end.
    std::vector<size_t> timed = timedByTime();
    std::vector<Schedule> unexplored;
    for (size_t i = 0; i < std::min<size_t>(2, timed.size()); ++i) {
      const Schedule &schedule = result.standings[timed[i]].candidate.schedule;
      if (std::find(explored.begin(), explored.end(), schedule) == explored.end())
        unexplored.push_back(schedule);
    }
    if (unexplored.empty())
      return;
    explored.push_back(unexplored.front());
    std::vector<Schedule> tried = untriedNear(unexplored.front());
    tried.resize(std::min(tried.size(), size_t(left(1))));
    // Unless one of them is better, the other one's neighbours are next.
    runner.expect(unexplored.size() > 1 ? untriedNear(unexplored.back()) : std::vector<Schedule>());
    runRound({"move " + std::to_string(number), 10, 1.15, movesShare}, tried);
  }
}

/// The default and those near the best, the best of them before the others.
std::vector<size_t> Search::finalists() const {
  std::vector<size_t> timed = timedByTime(), entered;
  if (timed.empty())
    return entered;
  using Method = SearchOptions::Method;
  double tie = options.method == Method::Guided  ? options.nearTie
               : options.method == Method::Sweep ? options.sweepNearTie
                                                 : std::numeric_limits<double>::infinity();
  size_t most = options.method == Method::Guided  ? mostFinalists
                : options.method == Method::Sweep ? mostFinalistsOfSweep
                                                  : timed.size() + 1;
  double limit = result.standings[timed.front()].milliseconds * (1 + tie);
  if (isTimed(result.standard().verdict))
    entered.push_back(0);
  for (size_t at : timed)
    if (at != 0 && entered.size() < most && result.standings[at].milliseconds <= limit)
      entered.push_back(at);
  return entered;
}

/// Measures finalists once more, in this order, on every device; none is begun later than `latest`.
void Search::takeTurns(Racing &racing, const std::vector<size_t> &order, int round, double latest) {
  std::vector<Trial> trials;
  std::vector<size_t> whose;
  for (size_t finalist : order) {
    const Standing &standing = result.standings[racing.entered[finalist]];
    if (!isTimed(standing.verdict))
      continue;
    for (int device = 0; device < runner.devices(); ++device) {
      trials.push_back({.schedule = standing.candidate.schedule,
                        .round = racing.name + std::to_string(round),
                        .timings = raceTimings,
                        .giveUpMs = 0,
                        .thorough = round == 1,
                        .device = device});
      whose.push_back(finalist);
    }
  }
  if (trials.empty())
    return;
  std::vector<Outcome> outcomes = runner.run(trials, latest);
  for (size_t i = 0; i < trials.size(); ++i) {
    take(trials[i], outcomes[i]);
    if (isTimed(outcomes[i].verdict)) {
      auto &all = racing.times[whose[i]][size_t(trials[i].device)];
      all.insert(all.end(), outcomes[i].milliseconds.begin(), outcomes[i].milliseconds.end());
    }
  }
  if (progress)
    progress(result);
}

/// Leaves those out that the budget had no turn for.
void Search::dropLate(Racing &racing) const {
  std::vector<std::ptrdiff_t> ranOn;
  ranOn.reserve(racing.times.size());
  for (const auto &times : racing.times)
    ranOn.push_back(std::count_if(times.begin(), times.end(),
                                  [](const std::vector<double> &one) { return !one.empty(); }));
  std::ptrdiff_t most = *std::max_element(ranOn.begin(), ranOn.end());
  Racing kept{.name = racing.name, .entered = {}, .times = {}};
  for (size_t i = 0; i < racing.entered.size(); ++i)
    if (ranOn[i] == most || !isTimed(result.standings[racing.entered[i]].verdict)) {
      kept.entered.push_back(racing.entered[i]);
      kept.times.push_back(std::move(racing.times[i]));
    }
  racing = std::move(kept);
}

bool Search::race(int attempt) {
  Racing racing;
  racing.entered = finalists();
  if (racing.entered.empty()) {
    decide({}, {});
    return true;
  }
  racing.name = attempt == 1 ? "race " : "race again " + std::to_string(attempt) + ".";
  size_t count = racing.entered.size();
  racing.times.assign(count, std::vector<std::vector<double>>(size_t(runner.devices())));
  // The default and the best have a first turn even where the budget is spent: without it there is
  // no fair winner.
  size_t needed = std::min<size_t>(2, count);
  for (int round = 1; round <= raceRounds && !runner.ended(); ++round) {
    if (round > 1 && runner.elapsed() >= until(1))
      break;
    // Another one begins each round, so that none always runs after the same one.
    std::vector<size_t> first, others;
    for (size_t i = 0; i < count; ++i) {
      size_t finalist = (i + size_t(round) + size_t(options.seed % count)) % count;
      (round == 1 && finalist < needed ? first : others).push_back(finalist);
    }
    takeTurns(racing, first, round, std::numeric_limits<double>::infinity());
    takeTurns(racing, others, round, until(1));
  }
  if (runner.elapsed() >= until(1))
    dropLate(racing);
  const auto &[name, entered, times] = racing;

  // Over the devices that all finalists ran on: the geometric mean of the medians.
  std::vector<double> scores(entered.size(), 0);
  int counted = 0;
  for (size_t device = 0; device < size_t(runner.devices()); ++device) {
    bool everywhere = true;
    for (size_t i = 0; i < entered.size(); ++i)
      everywhere &= !isTimed(result.standings[entered[i]].verdict) || !times[i][device].empty();
    if (!everywhere)
      continue;
    ++counted;
    for (size_t i = 0; i < entered.size(); ++i)
      if (!times[i][device].empty())
        scores[i] += std::log(medianOf(times[i][device]));
  }
  for (size_t i = 0; i < entered.size(); ++i) {
    Standing &standing = result.standings[entered[i]];
    scores[i] = counted && isTimed(standing.verdict) ? std::exp(scores[i] / counted) : 0;
    if (scores[i] > 0) {
      standing.milliseconds = scores[i];
      standing.raced = true;
    }
  }
  decide(entered, scores);
  return std::all_of(entered.begin(), entered.end(),
                     [&](size_t at) { return isTimed(result.standings[at].verdict); });
}

void Search::decide(const std::vector<size_t> &entered, const std::vector<double> &scores) {
  std::optional<size_t> fastest;
  for (size_t i = 0; i < entered.size(); ++i)
    if (scores[i] > 0 && (!fastest || scores[i] < scores[*fastest]))
      fastest = i;
  if (!fastest) { // interrupted before the race: what has most timings is known best
    result.winner = best();
    if (result.winner) {
      result.why = "the fastest when the search was interrupted, not raced against the default";
    } else {
      result.why = result.standings.empty() ? "nothing was run" : "no candidate could be timed";
    }
    return;
  }
  result.winner = entered[*fastest];
  result.why = "the fastest of " + std::to_string(entered.size()) + " measured interleaved";
  if (entered.front() == 0 && scores.front() > 0 &&
      scores.front() <= scores[*fastest] * (1 + indistinguishable)) {
    result.winner = 0;
    result.why = "the default: nothing else is faster";
  }
}

void Search::correlate() {
  std::vector<double> predicted, measured;
  for (const Standing &standing : result.standings)
    if (isTimed(standing.verdict)) {
      predicted.push_back(standing.candidate.predictedMs);
      measured.push_back(standing.milliseconds);
    }
  result.rankCorrelation = rankCorrelation(predicted, measured);
}

SearchResult Search::run() {
  measureStandard();
  using Method = SearchOptions::Method;
  if (options.method == Method::Guided) {
    screen();
    halve();
    move();
  } else if (options.method == Method::Sweep) {
    sweep();
  } else {
    measureAll();
  }
  // A thorough look may take out those that seemed fastest; a few times is enough.
  for (int attempt = 1; attempt <= 3 && !race(attempt) && !runner.ended();)
    ++attempt;
  correlate();
  result.seconds = runner.elapsed();
  result.complete = !runner.ended();
  return std::move(result);
}

} // namespace halftone
