#include "runtime/Image.h"

#include "dsl/Program.h"
#include "dsl/WholeTiles.h"
#include "runtime/EscapedLine.h"

namespace halftone {
namespace {

Error differs(const char *field, const std::string &compiled, const std::string &wanted) {
  return misuse(std::string("the image does not serve this problem: it was compiled for ") + field +
                    " " + compiled + ", and the problem has " + wanted,
                "compile the problem, or load the image that was compiled for it");
}

std::string yesNo(bool value) { return value ? "yes" : "no"; }

} // namespace

Status Image::checkPlanFormat() const {
  if (planFormat != tilesFormat && (planFormat < chunksFormat || planFormat > keptPairsFormat))
    return unsupported("the image takes plans of format " + std::to_string(planFormat) +
                           ", and this library makes formats 1, 4, 5 and 6",
                       "compile it again with this version");
  auto contradiction = [&](const std::string &what) {
    return fileError("the image takes plans of format " + std::to_string(planFormat) + ", and " +
                         what,
                     "compile it again");
  };
  if (planFormat == tilesFormat)
    return schedule.gather
               ? contradiction("its schedule gathers chunks of " + std::to_string(schedule.gather) +
                               " rows, which is format 4, 5 or 6")
               : Status();
  if (kind == Kind::Object)
    return contradiction("its code is for the cpu, which takes format 1");
  if (schedule.gather < 1 || schedule.tileK % schedule.gather)
    return contradiction("its schedule has key tiles of " + std::to_string(schedule.tileK) +
                         " rows in chunks of " + std::to_string(schedule.gather));
  if (planFormat == (schedule.groupLists ? chunksFormat : keptPairsFormat))
    return contradiction(std::string("its schedule has ") + (schedule.groupLists ? "" : "no ") +
                         "stage lists by warp group, which is format " +
                         (schedule.groupLists ? "5 or 6" : "4 or 5"));
  if (planFormat == wholeTilesFormat && schedule.groupLists &&
      schedule.tileK / schedule.gather % 2 != 0)
    return contradiction("its schedule has key tiles of " + std::to_string(schedule.tileK) +
                         " rows to halve, in chunks of " + std::to_string(schedule.gather));
  if (elementBytes(element) != 2)
    return contradiction("its elements are " + std::string(elementName(element)) +
                         ", and it copies f16 and bf16 alone");
  // What the copy engine takes at once.
  if (schedule.tileQ > 256 || schedule.tileK > 256)
    return contradiction("its schedule has tiles of " + std::to_string(schedule.tileQ) + " x " +
                         std::to_string(schedule.tileK) +
                         ", and it copies at most 256 rows at once");
  return {};
}

Status Image::serves(const Problem &problem) const {
  if (Status status = problem.check(); !status)
    return status;
  if (Status status = checkPlanFormat(); !status)
    return status;
  const AttentionShape &shape = problem.shape();
  if (shape.element != element)
    return differs("element", std::string(elementName(element)),
                   std::string(elementName(shape.element)));
  if (shape.headDim != headDim)
    return differs("head dim", std::to_string(headDim), std::to_string(shape.headDim));
  if (shape.lse != lse)
    return differs("lse", yesNo(lse), yesNo(shape.lse));
  if (problem.softcap().has_value() != softcap)
    return differs("softcap", yesNo(softcap), yesNo(!softcap));
  Result<std::string> asked = programShape(problem);
  if (!asked)
    return asked.error();
  if (*asked != maskShape)
    return differs("a mask of the shape", "'" + escaped(maskShape) + "'", "'" + *asked + "'");
  if (planFormat == wholeTilesFormat &&
      !keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather))
    return differs("block masks of", "whole tiles", "blocks that its tiles do not divide");
  return {};
}

} // namespace halftone
