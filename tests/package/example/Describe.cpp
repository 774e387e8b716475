// Plans a window pattern with the runtime alone.
#include "runtime/Plan.h"

#include <cstdio>

int main() {
  using namespace halftone;
  Layout line = Layout::sequence(800);
  auto [q, k] = line.tokens();
  Problem work = attention(line, {.heads = 2, .headDim = 64, .element = Element::F32})
                     .where(abs(q.index() - k.index()) <= 100);
  Schedule schedule;
  schedule.tileQ = schedule.tileK = 64;
  Result<Plan> plan = makePlan(work, schedule);
  if (!plan) {
    std::fprintf(stderr, "%s\n", plan.error().text().c_str());
    return 1;
  }
  std::printf("%zu query tiles of 2 heads, %zu key tiles\n", plan->work.size() / 2,
              plan->stages.size());
}
