#pragma once

#include "dsl/Error.h"
#include "dsl/Problem.h"
#include "dsl/Schedule.h"

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// Compiled code and everything needed to plan for it, load it and launch it. Plain data.
struct Image {
  enum class Kind : uint8_t {
    Cubin,  ///< loads on GPUs of its architecture
    Ptx,    ///< the driver compiles it on loading
    Object, ///< a relocatable object of the host
  };
  Kind kind = Kind::Cubin;
  std::string target; ///< "cpu", "sm_80", ...
  std::string entry;  ///< symbol
  std::vector<char> bytes;

  // What it was compiled for. Lengths, strides, scale, constants are run-time data.
  std::string maskShape; ///< Program::shape()
  Element element = Element::BF16;
  int64_t headDim = 0;
  bool lse = false, softcap = false;
  Schedule schedule;

  // What a launch needs, and what the assembler reported (0 where unknown).
  uint32_t threads = 0;      ///< of a block
  uint32_t sharedBytes = 0;  ///< dynamic shared memory of a block
  uint32_t scratchBytes = 0; ///< of a CPU thread
  uint32_t registers = 0, spillBytes = 0;
  /// What a stage of the plan is. 1: one key tile, an entry with its first key row. 4: a key tile
  /// gathered from chunks (GatheredStages); the kernel takes tensor maps after its arguments
  /// (TensorMaps). 5: the same, or with `schedule.groupLists` GroupedStages, for masks that keep
  /// whole tiles (dsl/WholeTiles.h): the code has no mask. 6: GroupedStages with masks, which a
  /// launch of its own evaluates (KeptPairs). 2 and 3 were of stages that are made no more.
  uint32_t planFormat = tilesFormat;
  static constexpr uint32_t tilesFormat = 1, chunksFormat = 4, wholeTilesFormat = 5,
                            keptPairsFormat = 6;

  /// Whether this library makes plans of this image's format, and the schedule is one of it.
  Status checkPlanFormat() const;
  /// Whether this image can run `problem` (any length, strides, constants of the same class); the
  /// error names the first field that differs.
  Status serves(const Problem &problem) const;
};

/// An image as bytes and back: a readable header, the code, and a checksum of both. Reading checks
/// everything and never trusts a size.
std::vector<char> writeImage(const Image &image);
Result<Image> readImage(std::string_view bytes);

} // namespace halftone
