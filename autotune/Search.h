#pragma once

#include "autotune/Moves.h"
#include "autotune/SearchRounds.h"

namespace halftone {

/// Finds the fastest candidate; guided:
/// 1. the default is measured on every device, so that it is always in the race, and so that a
///    time on one device is only ever compared, as a multiple of the default's there, with others;
/// 2. candidates are screened in the order of the model (Screening.h);
/// 3. successive halving: the better third is measured properly;
/// 4. local moves: neighbours of the best are measured until none is better (Moves.h);
/// 5. finalists within `nearTie` of the best, and the default, are measured again interleaved, on
///    every device; the best wins, the default where it is as good (Race.h).
/// Where time is short the default and the best so far are raced all the same, and the others as
/// far as the budget goes.
///
/// A sweep measures every candidate instead of steps 2 to 4, in the order of the model, to judge
/// what the guided search finds.
class Search {
public:
  /// `candidates`: the default first; none twice.
  Search(std::vector<Candidate> candidates, Moves::Neighbours neighbours, SearchOptions options,
         TrialRunner &runner, SearchProgress progress = {});

  SearchResult run();

private:
  SearchRounds rounds;
  Moves::Neighbours neighbours;
};

} // namespace halftone
