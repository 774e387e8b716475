#pragma once

#include "dsl/Schedule.h"

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// What came of a trial.
enum class Verdict : uint8_t {
  Measured,        ///< right, and timed
  Slow,            ///< right, and given up on after a few timings: clearly slower than the best
  NotRun,          ///< the budget ended, the search was interrupted, or no device was left
  KnownFault,      ///< not run again: it hung, or took the tuner down, in an earlier run
  CompileFailed,   ///< code generation, ptxas or loading refused
  CompileHang,     ///< a compilation that did not end
  WrongResult,     ///< output or log-sum-exp off, or not written
  Overwrites,      ///< bytes around a buffer changed
  ReadsUnattended, ///< a NaN in a key that is not attended to reached an output
  Hang,            ///< a launch that did not end
  IllegalAddress,
  Misaligned,
  Assert,
  LaunchFailed, ///< any other error of a launch
  OutOfMemory,
  WorkerDied,     ///< the worker process ended, or was killed
  Garbage,        ///< the worker answered something that is not an answer
  MeasuringFault, ///< a time that no such machine can reach
};
/// "measured", "slow", "not run", "compile failed", ...
std::string_view verdictName(Verdict verdict);
/// The verdict of that name; nothing for another one.
bool parseVerdict(std::string_view name, Verdict &verdict);

/// Whether its times count.
inline bool isTimed(Verdict verdict) {
  return verdict == Verdict::Measured || verdict == Verdict::Slow;
}
/// Whether it must never be run again, not even by a later process.
inline bool isHang(Verdict verdict) {
  return verdict == Verdict::CompileHang || verdict == Verdict::Hang ||
         verdict == Verdict::KnownFault;
}

/// Of a kernel whose time counts.
constexpr int enoughTimings = 10;

/// One measurement to make.
struct Trial {
  Schedule schedule;
  std::string round; ///< "screen", "measure", "move 1", "race 2": with the schedule, its identity
  int timings = enoughTimings;
  double giveUpMs = 0;    ///< stop after the first timings if all are slower; 0: never
  bool thorough = false;  ///< look at every element of the output, not at samples
  bool sustained = false; ///< time it as it runs all the time: hot, at the clocks that power allows
  int device = -1;        ///< where it must run, an index; -1: on any
  /// How long each device takes for what takes 1 on all of them together: giveUpMs is times that.
  /// Empty: 1.
  std::vector<double> paces = {};

  /// "race 2 on 3 | tileQ=128 ...".
  std::string key() const;
};

/// What is known of a trial afterwards.
struct Outcome {
  Verdict verdict = Verdict::NotRun;
  std::string reason;               ///< one sentence where it is not Measured
  std::vector<double> milliseconds; ///< of each timed launch, in the order they were made
  double medianMs = 0;
  double spread = 0;   ///< of the middle half of the timings, over the median
  double clockMhz = 0; ///< of the device while it was timed; 0 where unknown
  double watts = 0;    ///< that it took meanwhile; 0 where unknown
  int device = -1;     ///< its ordinal
  uint32_t registers = 0, spillBytes = 0;
  double compileMs = 0;
  double elapsed = 0; ///< seconds of the search when it ended
};

/// Median and spread from the timings.
void summarise(Outcome &outcome);
double medianOf(std::vector<double> values);

} // namespace halftone
