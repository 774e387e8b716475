#pragma once

#include "dsl/Schedule.h"

namespace halftone {

/// A schedule and what the model says of it.
struct Candidate {
  Schedule schedule;
  double predictedMs = 0;
};

/// The model's order; what it cannot tell apart, by name, so that it is an order.
bool isPreferred(const Candidate &a, const Candidate &b);

} // namespace halftone
