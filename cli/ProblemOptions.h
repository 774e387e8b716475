#pragma once

#include "cli/Console.h"
#include "cli/LayoutOptions.h"
#include "cli/PatternChoice.h"
#include "dsl/BlockMask.h"

namespace halftone::cli {

/// A problem as the command line gave it, and the block size that pictures of it are drawn at.
struct ChosenProblem {
  Problem problem;
  std::string name; ///< of the pattern
  int64_t block = 128;

  /// The pattern as blocks: itself where it is made of blocks of this size, else a block for any
  /// kept pair in it.
  BlockMask blockMask(int64_t batch, int64_t head) const;
};

/// The options by which every command takes a pattern and sizes (docs/design.md, section 6).
class ProblemOptions {
public:
  void declare(CLI::App &app);

  /// The problem they give, checked; of element type `element` where none was asked for.
  Result<ChosenProblem> choose(Console &console, Element element) const;

  /// The same, once for each pattern of a list (PatternChoice::chooseSeveral).
  Result<std::vector<ChosenProblem>> chooseSeveral(Console &console, Element element,
                                                   std::string_view list) const;

  LayoutOptions layout;
  PatternChoice pattern;
  std::optional<int64_t> batch, heads, kvHeads, headDim;
  std::string element;
  std::optional<double> scale, softcap;
  bool lse = false;
  /// Lengths of given tensors: plain sequences of these lengths where no other size is given.
  std::optional<int64_t> queryTokens, keyTokens;

private:
  /// All but the pattern.
  struct Sizes {
    Layout query, key;
    AttentionShape shape;
    std::optional<Preset> preset;
  };
  Result<Sizes> chooseSizes(Element defaultElement) const;
  Result<ChosenProblem> finish(const Sizes &sizes, const Pattern &chosen,
                               const std::string &name) const;
  Result<ChosenProblem> chooseByText(Console &console) const;

  std::string problemText;
};

} // namespace halftone::cli
