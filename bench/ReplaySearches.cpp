// replay_searches SWEEP.json [SECONDS [SCALE]]: how good searches of SECONDS (60), with the model
// as it is now, would have been on a machine whose times are those of a sweep, as `halftone tune
// --exhaustive --json` writes it, times SCALE (1: a sweep of 4 heads of 40 is 10 times as fast).
// Needs no GPU. bench/results/sweeps has four.

#include "autotune/Model.h"
#include "autotune/Search.h"
#include "autotune/Space.h"
#include "autotune/WorkerMessages.h"
#include "dsl/Parse.h"
#include "tests/autotune/FakeMachine.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

using namespace halftone;

namespace {

/// What a trial takes besides its launches, and the launches that are not timed.
constexpr double secondsATrial = 0.06;
constexpr int otherLaunches = 3, searches = 100;

struct Swept {
  std::vector<Candidate> candidates; ///< the default first
  std::map<std::string, double> milliseconds;
  double best = 0;
  double correlation = 0; ///< of the model's order with the measured one
};

Swept readSweep(const nlohmann::ordered_json &document, const Problem &problem,
                const Target &target, double scale) {
  Swept swept;
  Model model(problem, target, factsOf(document.at("machine")));
  std::vector<double> predicted, measured;
  for (const auto &one : document.at("candidates")) {
    std::string text = one.at("schedule");
    double time = scale * double(one.at("milliseconds"));
    Schedule schedule = *Schedule::parse(text);
    Result<double> seconds = model.predict(schedule);
    swept.candidates.push_back({schedule, seconds ? scale * 1000 * *seconds : 0});
    if (time <= 0)
      continue;
    predicted.push_back(swept.candidates.back().predictedMs);
    measured.push_back(time);
    swept.milliseconds[text] = time;
    if (swept.best == 0 || time < swept.best)
      swept.best = time;
  }
  swept.correlation = rankCorrelation(predicted, measured);
  return swept;
}

} // namespace

int main(int count, char **arguments) {
  if (count < 2 || count > 4) {
    fmt::print(stderr, "usage: replay_searches SWEEP.json [SECONDS [SCALE]]\n");
    return 2;
  }
  double seconds = count > 2 ? std::atof(arguments[2]) : 60;
  double scale = count > 3 ? std::atof(arguments[3]) : 1;
  nlohmann::ordered_json document =
      nlohmann::ordered_json::parse(std::ifstream(arguments[1]), nullptr, false);
  if (document.is_discarded() || !document.contains("candidates") || seconds <= 0 || scale <= 0) {
    fmt::print(stderr,
               "replay_searches: {} is not the document of a sweep, or a number is not one\n",
               arguments[1]);
    return 2;
  }
  Result<Problem> problem = parseProblem(std::string(document.at("problem")));
  Result<Target> target = Target::parse(std::string(document.at("target")));
  if (!problem || !target) {
    fmt::print(stderr, "replay_searches: the sweep has no problem, or no target\n");
    return 2;
  }
  Swept swept = readSweep(document, *problem, *target, scale);
  if (swept.milliseconds.empty()) {
    fmt::print(stderr, "replay_searches: the sweep has no times\n");
    return 2;
  }
  Space space = Space::of(*problem, *target);
  std::vector<double> losses;
  double tried = 0;
  for (int seed = 1; seed <= searches; ++seed) {
    test::FakeMachine machine;
    machine.secondsATrial = secondsATrial;
    machine.otherLaunches = otherLaunches;
    machine.noise = 0.003;
    machine.millisecondsOf = [&](const Schedule &one) { return swept.milliseconds[one.text()]; };
    machine.verdictOf = [&](const Trial &trial) {
      return swept.milliseconds.contains(trial.schedule.text()) ? Verdict::Measured
                                                                : Verdict::CompileFailed;
    };
    SearchResult result =
        Search(
            swept.candidates, [&](const Schedule &from) { return space.neighbours(from); },
            {.budget = {.seconds = seconds}, .seed = uint64_t(seed)}, machine)
            .run();
    tried += double(result.standings.size()) / searches;
    if (result.winner)
      losses.push_back(
          swept.milliseconds[result.standings[*result.winner].candidate.schedule.text()] /
          swept.best);
  }
  std::sort(losses.begin(), losses.end());
  if (losses.empty()) {
    fmt::print("no search found anything\n");
    return 1;
  }
  auto within = [&](double factor) {
    return std::count_if(losses.begin(), losses.end(), [&](double one) { return one <= factor; });
  };
  fmt::print("the model's order agrees with the measured one by {:.3f} (rank correlation)\n",
             swept.correlation);
  fmt::print("{} schedules, the best {:.4g} ms, the default {:.3f} times that\n",
             swept.candidates.size(), swept.best,
             swept.milliseconds[swept.candidates.front().schedule.text()] / swept.best);
  fmt::print(
      "{} searches of {} s, {:.0f} tried in each: the winner is {:.3f} times the best in the "
      "median, {:.3f} at worst; within 2 % {}, within 3 % {}\n",
      losses.size(), seconds, tried, losses[losses.size() / 2], losses.back(), within(1.02),
      within(1.03));
  return 0;
}
