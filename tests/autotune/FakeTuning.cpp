#include "tests/autotune/TuneFolder.h"

namespace halftone::test {

TuneOptions TuneFolder::optionsIn(const std::string &folder) {
  TuneOptions options;
  options.budget = {.seconds = 0, .candidates = 40};
  options.worker = {FAKE_WORKER, folder};
  options.compilers = 2;
  options.journal = folder + "/journal";
  options.timeouts = {.open = 10, .compile = 1, .firstMeasure = 1, .measure = 1};
  return options;
}

Problem tunedProblem() {
  Layout line = Layout::sequence(4096);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 8, .headDim = 128}).where(abs(q.index() - k.index()) <= 700);
}

Target tunedTarget() { return *Target::parse("sm_90"); }

} // namespace halftone::test
