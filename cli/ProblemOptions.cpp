#include "cli/ProblemOptions.h"

#include "cli/OptionValues.h"
#include "dsl/Parse.h"

#include <cctype>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace halftone::cli {
namespace {

Result<Element> parseElement(std::string_view name) {
  for (Element element : {Element::F32, Element::F16, Element::BF16})
    if (elementName(element) == name)
      return element;
  return misuse(fmt::format("unknown element type `{}`", name), "use f32, f16 or bf16");
}

/// `text`, or, after an @, what the file of that name holds.
Result<std::string> textOrFile(const std::string &text) {
  if (text.front() != '@')
    return text;
  std::string path = text.substr(1);
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    return fileError(fmt::format("cannot read the problem from `{}`: {}", path,
                                 std::generic_category().message(errno)),
                     "name a file that holds a problem's canonical text");
  while (!content.empty() && std::isspace(static_cast<unsigned char>(content.back())))
    content.pop_back();
  return content;
}

/// A problem with other sizes.
Problem withShape(const Problem &problem, const AttentionShape &shape) {
  Problem changed = Problem(problem.query(), problem.key(), shape)
                        .where(problem.pattern())
                        .withScale(problem.scale());
  if (problem.softcap())
    changed = changed.withSoftcap(*problem.softcap());
  for (const Bias &bias : problem.biases())
    changed = changed.withBias(bias.distance, bias.coefficients);
  return changed;
}

} // namespace

void ProblemOptions::declare(CLI::App &app) {
  layout.declare(app);
  pattern.declare(app);
  const char *group = "Tensors";
  addWhole(app, "--batch", batch, "Batch elements (default 1)")->group(group);
  addWhole(app, "--heads", heads, "Query heads (default the preset's, else 1)")->group(group);
  addWhole(app, "--kv-heads", kvHeads, "Key and value heads (default as many)")->group(group);
  addWhole(app, "--head-dim", headDim, "Size of a head (default the preset's, else 64)")
      ->group(group);
  addText(app, "--element", element,
          "f32, f16 or bf16 (default bf16 on a GPU, f32 on the CPU, or the data's own)")
      ->type_name("NAME")
      ->group(group);
  addNumber(app, "--scale", scale, "Scale of the scores (default 1 / sqrt(head dim))")
      ->group(group);
  addNumber(app, "--softcap", softcap, "Scores become c * tanh(score / c)")->group(group);
  addText(app, "--problem", problemText,
          "The whole problem as its canonical text, instead of all of these; @FILE reads it")
      ->type_name("TEXT")
      ->group(group);
}

Result<ChosenProblem> ProblemOptions::chooseByText(Console &console) const {
  std::string other = layout.given() ? layout.firstGiven() : pattern.firstGiven();
  std::pair<bool, const char *> sizes[] = {
      {batch.has_value(), "--batch"},      {heads.has_value(), "--heads"},
      {kvHeads.has_value(), "--kv-heads"}, {headDim.has_value(), "--head-dim"},
      {!element.empty(), "--element"},     {scale.has_value(), "--scale"},
      {softcap.has_value(), "--softcap"}};
  // Tensors say the same sizes again; whether they agree is found when they are compared.
  if (!queryTokens)
    for (auto [given, name] : sizes)
      if (given && other.empty())
        other = name;
  if (!other.empty())
    return misuse(fmt::format("{} cannot be used with --problem, which says it already", other),
                  "leave one of them out");
  auto text = textOrFile(problemText);
  if (!text)
    return text.error();
  console.source = *text;
  auto parsed = parseProblem(*text);
  if (!parsed)
    return parsed.error();
  if (Status status = parsed->check(); !status)
    return status.error();
  if (queryTokens) {
    const AttentionShape &shape = parsed->shape();
    for (auto [given, said, name] :
         {std::tuple(batch, shape.batch, "batch elements"), std::tuple(heads, shape.heads, "heads"),
          std::tuple(kvHeads, parsed->kvHeads(), "key/value heads"),
          std::tuple(headDim, shape.headDim, "elements of a head")})
      if (given && *given != said)
        return misuse(fmt::format("the problem has {} {}, and the tensors {}", said, name, *given),
                      "check the problem, and --layout bshd or bhsd");
  }
  AttentionShape shape = parsed->shape();
  shape.lse |= lse;
  return ChosenProblem{withShape(*parsed, shape), "where", pattern.blockSize()};
}

Result<ProblemOptions::Sizes> ProblemOptions::chooseSizes(Element defaultElement) const {
  auto preset = layout.chosenPreset();
  if (!preset)
    return preset.error();
  Layout query = Layout::sequence(queryTokens.value_or(1));
  Layout key = Layout::sequence(keyTokens.value_or(1));
  if (*preset) {
    query = key = (*preset)->layout;
  } else if (layout.given() || !queryTokens) {
    auto chosen = layout.layout();
    if (!chosen)
      return chosen.error();
    query = key = *chosen;
  }

  AttentionShape shape;
  if (*preset)
    shape = (*preset)->shape;
  shape.batch = batch.value_or(shape.batch);
  if (heads && *heads != shape.heads)
    shape.kvHeads = 0; // the preset's are as many as its heads
  shape.heads = heads.value_or(shape.heads);
  shape.kvHeads = kvHeads.value_or(shape.kvHeads);
  shape.headDim = headDim.value_or(shape.headDim);
  shape.lse = lse;
  shape.element = defaultElement;
  if (!element.empty()) {
    auto asked = parseElement(element);
    if (!asked)
      return asked.error();
    shape.element = *asked;
  }
  if (kvHeads && *kvHeads < 1)
    return misuse(fmt::format("--kv-heads {}", *kvHeads), "use 1 or more");

  return Sizes{query, key, shape, *preset};
}

Result<ChosenProblem> ProblemOptions::finish(const Sizes &sizes, const Pattern &chosen,
                                             const std::string &name) const {
  Problem problem = attention(sizes.query, sizes.key, sizes.shape).where(chosen);
  if (scale)
    problem = problem.withScale(*scale);
  if (softcap)
    problem = problem.withSoftcap(*softcap);
  if (Status status = problem.check(); !status)
    return status.error();
  return ChosenProblem{problem, name, pattern.blockSize()};
}

Result<ChosenProblem> ProblemOptions::choose(Console &console, Element defaultElement) const {
  if (!problemText.empty())
    return chooseByText(console);
  auto sizes = chooseSizes(defaultElement);
  if (!sizes)
    return sizes.error();
  console.source = pattern.whereText();
  auto chosen = pattern.choose(sizes->key, sizes->preset);
  if (!chosen)
    return chosen.error();
  return finish(*sizes, *chosen, pattern.name());
}

Result<std::vector<ChosenProblem>> ProblemOptions::chooseSeveral(Console &console,
                                                                 Element defaultElement,
                                                                 std::string_view list) const {
  if (!problemText.empty())
    return misuse("--problem is one pattern's, not for --compare", "give sizes and --where");
  auto sizes = chooseSizes(defaultElement);
  if (!sizes)
    return sizes.error();
  console.source = pattern.whereText();
  auto patterns = pattern.chooseSeveral(list, sizes->key, sizes->preset);
  if (!patterns)
    return patterns.error();
  std::vector<ChosenProblem> problems;
  for (const PatternChoice::Named &named : *patterns) {
    auto chosen = finish(*sizes, named.pattern, named.name);
    if (!chosen)
      return chosen.error();
    problems.push_back(std::move(*chosen));
  }
  return problems;
}

BlockMask ChosenProblem::blockMask(int64_t batch, int64_t head) const {
  const Node &root = *problem.pattern().node();
  if (root.op == Op::RadialBlocks && root.radial.block == block)
    return radialBlockMask(problem.key(), root.radial);
  if (root.op == Op::Rounded && root.value == block)
    return roundedBlockMask(problem.query(), problem.key(), Pattern(root.operands[0]),
                            root.rounding, block, batch, head);
  return roundedBlockMask(problem.query(), problem.key(), problem.pattern(), Rounding::Any, block,
                          batch, head);
}

} // namespace halftone::cli
