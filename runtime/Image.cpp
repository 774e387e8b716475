#include "runtime/Image.h"

#include "dsl/Program.h"

namespace halftone {
namespace {

Error differs(const char *field, const std::string &compiled, const std::string &wanted) {
  return misuse(std::string("the image does not serve this problem: it was compiled for ") + field +
                    " " + compiled + ", and the problem has " + wanted,
                "compile the problem, or load the image that was compiled for it");
}

std::string yesNo(bool value) { return value ? "yes" : "no"; }

} // namespace

Status Image::serves(const Problem &problem) const {
  if (Status status = problem.check(); !status)
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
  Result<Program> program = lowerProgram(problem);
  if (!program)
    return program.error();
  if (program->shape() != maskShape)
    return differs("a mask of the shape", "'" + maskShape + "'", "'" + program->shape() + "'");
  return {};
}

} // namespace halftone
