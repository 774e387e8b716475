#pragma once

#include "autotune/MachineFacts.h"
#include "autotune/Trial.h"
#include "dsl/Error.h"

namespace halftone {

/// What a worker process is for.
struct Task {
  std::string problem; ///< its canonical text
  std::string target;
  int device = 0;         ///< ordinal; of the CPU, 0
  bool measures = false;  ///< else it only compiles, and touches no device
  bool coldCache = false; ///< the second-level cache is flushed before each timed launch
  std::string ptxas;      ///< as CompileOptions has it
  uint64_t seed = 1;      ///< of the inputs and of the sampled rows
  bool operator==(const Task &) const = default;
};

/// A schedule compiled into a file. `verdict` is Measured where that went well.
struct CompileReport {
  Verdict verdict = Verdict::Measured;
  std::string reason;
  double compileMs = 0;
  uint32_t registers = 0, spillBytes = 0;
};

struct MeasureOrder {
  Schedule schedule;
  std::string image; ///< the file that a compilation wrote
  int timings = enoughTimings;
  double giveUpMs = 0;
  bool thorough = false, sustained = false;
};

/// Times of a kernel whose result was right. `verdict` is Measured, Slow or what was wrong.
struct MeasureReport {
  Verdict verdict = Verdict::Measured;
  std::string reason;
  std::vector<double> milliseconds;
  double clockMhz = 0;
  double watts = 0;
  bool lost = false; ///< the worker's context can no longer be used: it must be replaced
};

/// What a worker process does, behind the messages. All calls come from one thread, open() first.
class Backend {
public:
  virtual ~Backend() = default;
  virtual Result<MachineFacts> open(const Task &task) = 0;
  virtual CompileReport compile(const Schedule &schedule, const std::string &image) = 0;
  virtual MeasureReport measure(const MeasureOrder &order) = 0;
};

} // namespace halftone
