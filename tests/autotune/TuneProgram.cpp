// tune_program FOLDER [resume]: one search with fake workers, to be killed at any moment. Ends with
// "WINNER MILLISECONDS" on standard output.

#include "tests/autotune/TuneFolder.h"

#include <cstdio>
#include <cstring>

using namespace halftone;
using namespace halftone::test;

int main(int count, char **arguments) {
  if (count < 2)
    return 2;
  TuneOptions options = TuneFolder::optionsIn(arguments[1]);
  options.resume = count > 2 && std::strcmp(arguments[2], "resume") == 0;
  StopSignal stop;
  Result<TuneReport> report = tune(tunedProblem(), tunedTarget(), options, stop);
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().text().c_str());
    return 1;
  }
  if (!report->search.winner)
    return 1;
  const Standing &winner = report->search.standings[*report->search.winner];
  std::printf("%s %.6f\n", winner.candidate.schedule.text().c_str(), winner.milliseconds);
  return 0;
}
