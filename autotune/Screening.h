#pragma once

#include "autotune/SearchRounds.h"

namespace halftone {

/// Candidates in the order of the model, those left out that it says are far slower, one in five
/// picked by chance so that a wrong model is found out. Few timings each, given up early where
/// clearly slower than the best so far.
void screen(SearchRounds &rounds);

/// Successive halving (Jamieson and Talwalkar, AISTATS 2016): the better third is measured
/// properly.
void halve(SearchRounds &rounds);

/// Every candidate is screened, whatever the model says, and all that may be among the best are
/// measured properly.
void sweep(SearchRounds &rounds);

/// Every candidate is measured properly.
void measureAll(SearchRounds &rounds);

} // namespace halftone
