#include "autotune/Search.h"

#include "autotune/Model.h"
#include "autotune/Race.h"
#include "autotune/Screening.h"

namespace halftone {

namespace {

/// Of the model's times with those that were measured.
double correlationOf(const std::vector<Standing> &standings) {
  std::vector<double> predicted, measured;
  for (const Standing &standing : standings)
    if (isTimed(standing.verdict)) {
      predicted.push_back(standing.candidate.predictedMs);
      measured.push_back(standing.milliseconds);
    }
  return rankCorrelation(predicted, measured);
}

} // namespace

Search::Search(std::vector<Candidate> candidates, Moves::Neighbours neighbours,
               SearchOptions options, TrialRunner &runner, SearchProgress progress)
    : rounds(std::move(candidates), options, runner, std::move(progress)),
      neighbours(std::move(neighbours)) {}

SearchResult Search::run() {
  TrialRunner &runner = rounds.runner;
  rounds.measureStandard();
  switch (rounds.options.method) {
  case SearchOptions::Method::Guided: {
    Moves moves(rounds, neighbours);
    screen(rounds);
    moves.expectFirst();
    halve(rounds);
    moves.run();
    break;
  }
  case SearchOptions::Method::Sweep:
    sweep(rounds);
    break;
  case SearchOptions::Method::Race:
    measureAll(rounds);
    break;
  }
  // A thorough look may take out those that seemed fastest; a few times is enough.
  for (int attempt = 1; attempt <= 3 && !Race(rounds, attempt).run() && !runner.ended();)
    ++attempt;
  SearchResult &result = rounds.result;
  result.rankCorrelation = correlationOf(result.standings);
  result.seconds = runner.elapsed();
  result.complete = !runner.ended();
  return std::move(result);
}

} // namespace halftone
