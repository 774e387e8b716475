#include "autotune/ImageKey.h"

#include "autotune/Digest.h"
#include "dsl/Program.h"
#include "dsl/WholeTiles.h"

namespace halftone {

Result<ImageKey> ImageKey::of(const Problem &problem, const Schedule &schedule,
                              const std::string &target, const Toolchain &toolchain) {
  Result<std::string> maskShape = programShape(problem);
  if (!maskShape)
    return maskShape.error();
  const AttentionShape &shape = problem.shape();
  std::string text = "halftone-image-key\n";
  // No value has a newline in it.
  auto line = [&text](const char *name, const std::string &value) {
    text += std::string(name) + " " + value + "\n";
  };
  line("sources", std::string(sourceFingerprint()));
  line("llvm", toolchain.llvm);
  line("ptxas", toolchain.ptxas);
  line("target", target);
  // "cpu" is this processor, whichever it is.
  line("host", target == "cpu" ? Hardware::of(Device::cpu()).architecture : "any");
  line("schedule", schedule.text());
  line("element", std::string(elementName(shape.element)));
  line("headDim", std::to_string(shape.headDim));
  line("lse", shape.lse ? "1" : "0");
  line("softcap", problem.softcap() ? "1" : "0");
  line("biases", std::to_string(problem.biases().size()));
  line("maskShape", *maskShape);
  // Code for sm_90a has no mask at all where block masks keep its tiles whole (Image::planFormat).
  line("wholeTiles",
       schedule.gather && keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather)
           ? "1"
           : "0");
  return ImageKey{std::move(text)};
}

std::string ImageKey::hash() const { return sha256(text); }

} // namespace halftone
