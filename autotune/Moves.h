#pragma once

#include "autotune/SearchRounds.h"

namespace halftone {

/// Local moves: neighbours of the best are measured until none is better.
class Moves {
public:
  using Neighbours = std::function<std::vector<Schedule>(const Schedule &)>;

  Moves(SearchRounds &rounds, const Neighbours &neighbours)
      : rounds(rounds), neighbours(neighbours) {}

  /// Tells the runner from where moves are likely to begin, before that is certain.
  void expectFirst() const;
  void run();

private:
  std::vector<Schedule> untriedNear(const Schedule &from) const;

  SearchRounds &rounds;
  const Neighbours &neighbours;
};

} // namespace halftone
