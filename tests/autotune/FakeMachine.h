#pragma once

#include "autotune/TrialRunner.h"

#include <functional>
#include <map>

namespace halftone::test {

/// A machine on which a schedule takes as long as a function says, and a clock that trials advance.
class FakeMachine : public TrialRunner {
public:
  std::function<double(const Schedule &)> millisecondsOf;
  std::function<Verdict(const Trial &)> verdictOf = [](const Trial &) { return Verdict::Measured; };
  double secondsATrial = 0.5; ///< besides the launches
  int otherLaunches = 0;      ///< besides the timed ones
  double noise = 0;           ///< relative, repeated from a table
  size_t stopAfter = SIZE_MAX;
  std::vector<double> slowness = {1}; ///< of each device

  std::vector<Trial> trials; ///< all that were run

  std::vector<Outcome> run(const std::vector<Trial> &wanted, double until) override {
    std::vector<Outcome> outcomes;
    outcomes.reserve(wanted.size());
    for (const Trial &trial : wanted)
      outcomes.push_back(now >= until || ended() ? Outcome{} : runOne(trial));
    return outcomes;
  }
  double elapsed() const override { return now; }
  bool ended() const override { return trials.size() >= stopAfter; }
  int devices() const override { return int(slowness.size()); }

private:
  Outcome runOne(const Trial &trial) {
    trials.push_back(trial);
    now += secondsATrial;
    Outcome outcome;
    outcome.verdict = verdictOf(trial);
    outcome.reason = outcome.verdict == Verdict::Measured ? "" : "made up";
    outcome.compileMs = 1;
    // Any device takes its turn; the ordinals are not the positions.
    size_t device = trial.device >= 0 ? size_t(trial.device) : trials.size() % slowness.size();
    outcome.device = int(device) + 3;
    double giveUp = trial.giveUpMs * (trial.paces.empty() ? 1 : trial.paces[device]);
    if (outcome.verdict == Verdict::Measured) {
      double time = slowness[device] * millisecondsOf(trial.schedule);
      now += otherLaunches * time / 1000;
      int timings = giveUp > 0 && time > giveUp ? 3 : trial.timings;
      if (timings < trial.timings)
        outcome.verdict = Verdict::Slow;
      for (int i = 0; i < timings; ++i) {
        static constexpr double wobble[] = {0.3, -1, 0.1, 0.8, -0.4, 1, -0.2};
        outcome.milliseconds.push_back(time * (1 + noise * wobble[step++ % 7]));
        now += outcome.milliseconds.back() / 1000;
      }
      summarise(outcome);
    }
    outcome.elapsed = now;
    return outcome;
  }

  double now = 0;
  size_t step = 0;
};

} // namespace halftone::test
