#include "cli/RunReport.h"

#include "cli/CompilerOptions.h"

namespace halftone::cli {

void report(Console &console, const ChosenProblem &chosen, const Place &place, const Ready &ready,
            const Measured &measured, const std::string &origin) {
  const Problem &problem = chosen.problem;
  const AttentionShape &shape = problem.shape();
  const Image &image = ready.kernel.image();
  const Plan &plan = ready.kernel.plan();
  double allPairs = double(problem.query().tokenCount()) * double(problem.key().tokenCount()) *
                    double(shape.heads) * double(shape.batch);
  double median = measured.median(), fastest = measured.milliseconds.front();
  double rate = teraflops(plan.keptPairs, shape.headDim, median);
  console.document = {{"problem", problem.text()},
                      {"pattern", chosen.name},
                      {"target", place.target.name},
                      {"device", place.device.name()},
                      {"schedule", image.schedule.text()},
                      {"scheduleFrom", origin},
                      {"tokens", problem.query().tokenCount()},
                      {"keptPairs", plan.keptPairs},
                      {"coveredPairs", plan.coveredPairs},
                      {"density", double(plan.keptPairs) / allPairs},
                      {"image",
                       {{"kind", imageKindName(image.kind)},
                        {"registers", image.registers},
                        {"sharedBytes", image.sharedBytes},
                        {"spillBytes", image.spillBytes}}},
                      {"compileMs", ready.compileMs},
                      {"loadMs", ready.loadMs},
                      {"planBytes", plan.bytes()},
                      {"repeats", measured.milliseconds.size()},
                      {"medianMs", median},
                      {"fastestMs", fastest},
                      {"teraflops", rate}};
  console.line("problem  {}: {} tokens, {} heads, head dim {}, {}", chosen.name,
               problem.query().tokenCount(), shape.heads, shape.headDim,
               elementName(shape.element));
  console.line("target   {} on {}", place.target.name, place.device.name());
  console.line("schedule {}", image.schedule.text());
  console.line("         {}", origin);
  console.line("kept     {:.2f}% of all pairs; computed, in tiles, {:.2f}%",
               100 * double(plan.keptPairs) / allPairs, 100 * double(plan.coveredPairs) / allPairs);
  console.line("compiled in {:.0f} ms, planned and loaded in {:.1f} ms", ready.compileMs,
               ready.loadMs);
  console.line("time     {:.3f} ms (fastest of {}: {:.3f}), {:.2f} TFLOP/s on kept pairs", median,
               measured.milliseconds.size(), fastest, rate);
}

void report(Console &console, const CheckReport &checked) {
  console.document["check"] = {{"passed", checked.passed()},
                               {"rows", checked.rows},
                               {"heads", checked.heads},
                               {"outputError", checked.outputError},
                               {"outputLimit", checked.outputLimit},
                               {"relativeError", checked.relativeError},
                               {"relativeLimit", checked.relativeLimit},
                               {"lseError", checked.lseError},
                               {"lseLimit", checked.lseLimit}};
  if (!checked.passed())
    console.document["check"]["failure"] = checked.failure;
  console.line(
      "check    {}: {} rows of {} heads against fp64: output off by {:.3g} (limit {:.3g}), "
      "{:.3g} of its size (limit {:.3g}), log-sum-exp off by {:.3g} (limit {:.3g})",
      checked.passed() ? "passed" : "FAILED", checked.rows, checked.heads, checked.outputError,
      checked.outputLimit, checked.relativeError, checked.relativeLimit, checked.lseError,
      checked.lseLimit);
  if (!checked.passed())
    console.note("check failed: {}", checked.failure);
}

} // namespace halftone::cli
