#pragma once

#include <cstdint>

namespace halftone {

/// How much a search may spend: seconds, or candidates that are tried at all.
struct Budget {
  double seconds = 60;    ///< 0: no limit
  int64_t candidates = 0; ///< 0: no limit
};

struct SearchOptions {
  Budget budget;
  uint64_t seed = 1;
  double nearTie = 0.02; ///< of the best: those are measured again, interleaved
  /// How the candidates to measure are chosen.
  enum class Method : uint8_t {
    Guided, ///< by the model, halving and moves
    Sweep,  ///< every one; then all within sweepNearTie of the best are raced
    Race,   ///< every one, and every one is raced; for a few
  } method = Method::Guided;
  double sweepNearTie = 0.05;
};

} // namespace halftone
