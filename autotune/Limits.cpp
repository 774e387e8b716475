#include "autotune/Limits.h"

namespace halftone {

namespace {

/// Registers of a thread that the running state of mma's inner loop takes: fp32 accumulators of the
/// output, scores of one key tile and the query's operands. ptxas adds addresses and temporaries.
int64_t mmaRegisters(int64_t headDim, const Schedule &schedule) {
  int64_t rows = schedule.tileQ / schedule.warps;
  int64_t output = rows * headDim / 32, scores = rows * schedule.tileK / 32;
  int64_t query = rows * headDim / 2 / 32;
  return output + scores + query;
}

/// A thread has 255; where the state alone is half as much again, most of it lives in local memory.
constexpr int64_t mostRegisters = 255 * 3 / 2;

Limit limitOf(const Error &error) {
  if (error.code == ErrorCode::Misuse)
    return Limit::Shape;
  return error.message.find("shared memory") != std::string::npos ? Limit::SharedMemory
                                                                  : Limit::Target;
}

} // namespace

std::string_view limitName(Limit limit) {
  switch (limit) {
  case Limit::Shape:
    return "shape";
  case Limit::SharedMemory:
    return "sharedMemory";
  case Limit::Registers:
    return "registers";
  case Limit::Target:
    return "target";
  }
  return "shape";
}

std::optional<Rejection> rejection(const Problem &problem, const Schedule &schedule,
                                   const Target &target) {
  if (Status status = checkSchedule(problem, schedule, target); !status)
    return Rejection{limitOf(status.error()), status.error().message};
  if (target.kind == Target::Kind::Mma) {
    int64_t registers = mmaRegisters(problem.shape().headDim, schedule);
    if (registers > mostRegisters)
      return Rejection{Limit::Registers, "the inner loop keeps about " + std::to_string(registers) +
                                             " registers a thread, of 255"};
  }
  return std::nullopt;
}

} // namespace halftone
