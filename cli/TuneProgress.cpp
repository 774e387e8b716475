#include "cli/TuneProgress.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace halftone::cli {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

} // namespace

TuneProgress::TuneProgress(Console &console, const Budget &budget)
    : console(console), budget(budget), isTerminal(::isatty(STDERR_FILENO)), shown(Clock::now()) {}

TuneProgress::~TuneProgress() {
  if (isShown)
    std::fputs("\r\x1b[K", stderr);
}

std::string TuneProgress::state() const {
  std::string text = fmt::format("{} candidates in {:.0f} s", candidates.size(), elapsed);
  if (budget.candidates)
    text += fmt::format(" of {}", budget.candidates);
  if (budget.seconds > 0)
    text += fmt::format(", {:.0f} s left", std::max(0.0, budget.seconds - elapsed));
  if (bestMs > 0)
    text += fmt::format(", best {:.4g} ms", bestMs);
  return text;
}

void TuneProgress::print(const std::string &line) {
  if (isShown)
    std::fputs("\r\x1b[K", stderr);
  isShown = false;
  console.note("{}", line);
}

void TuneProgress::showState(bool evenIfRecent) {
  if (!evenIfRecent && Clock::now() - shown < (isTerminal ? 100ms : 30000ms))
    return;
  shown = Clock::now();
  if (!isTerminal)
    return print(state());
  std::fprintf(stderr, "\r\x1b[K%s",
               state().substr(0, size_t(std::max(1, Console::columns() - 1))).c_str());
  std::fflush(stderr);
  isShown = true;
}

void TuneProgress::outcome(const Trial &trial, const Outcome &outcome) {
  candidates.insert(trial.schedule.text());
  elapsed = outcome.elapsed;
  if (!isTimed(outcome.verdict))
    print(fmt::format("{}: {}: {}", trial.schedule.text(), verdictName(outcome.verdict),
                      outcome.reason));
  bool isBest = outcome.verdict == Verdict::Measured && !trial.round.starts_with("race") &&
                (bestMs == 0 || outcome.medianMs < bestMs);
  if (isBest) {
    bestMs = outcome.medianMs;
    if (!isTerminal)
      print(fmt::format("{:.4g} ms after {:.1f} s: {}", bestMs, elapsed, trial.schedule.text()));
  }
  showState(false);
}

void TuneProgress::note(const std::string &text) { print(text); }

} // namespace halftone::cli
