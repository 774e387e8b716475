#include "cli/GivenTensors.h"

#include <fmt/format.h>

namespace halftone::cli {
namespace {

/// What was asked for and what the data has must be the same.
Status agree(std::optional<int64_t> &asked, int64_t actual, const char *option,
             const char *tensor) {
  if (asked && *asked != actual)
    return misuse(fmt::format("{} is {}, but tensor `{}` has {}", option, *asked, tensor, actual),
                  "leave the option out");
  asked = actual;
  return {};
}

/// The tensors must be as long as the layout says.
Status checkLengths(const Problem &problem, const Inputs &inputs) {
  auto check = [](const Layout &layout, const HostTensor &tensor, const char *name) -> Status {
    if (layout.tokenCount() == tensor.tokens)
      return {};
    return misuse(fmt::format("tensor `{}` has {} tokens, but {} has {}", name, tensor.tokens,
                              layout.text(), layout.tokenCount()),
                  "check the sizes, and --layout bshd or bhsd");
  };
  if (Status status = check(problem.query(), inputs.q, "q"); !status)
    return status;
  return check(problem.key(), inputs.k, "k");
}

} // namespace

Result<AxisOrder> parseAxisOrder(std::string_view name) {
  if (name != "bshd" && name != "bhsd")
    return misuse(fmt::format("unknown layout `{}`", name), "use bshd or bhsd");
  return name == "bshd" ? AxisOrder::Bshd : AxisOrder::Bhsd;
}

Result<Inputs> readInputs(const std::string &path, AxisOrder order, ProblemOptions &problem) {
  auto file = SafetensorsFile::open(path);
  if (!file)
    return file.error();
  std::vector<HostTensor> tensors;
  for (const char *name : {"q", "k", "v"}) {
    auto tensor = HostTensor::read(*file, name, order);
    if (!tensor)
      return tensor.error();
    tensors.push_back(std::move(*tensor));
  }
  Inputs inputs{std::move(tensors[0]), std::move(tensors[1]), std::move(tensors[2])};
  const HostTensor &q = inputs.q, &k = inputs.k, &v = inputs.v;
  if (k.shape() != v.shape())
    return misuse(fmt::format("`k` has the shape [{}] and `v` [{}]", fmt::join(k.shape(), ", "),
                              fmt::join(v.shape(), ", ")),
                  "give them the same shape");
  if (q.batch != k.batch || q.headDim != k.headDim)
    return misuse(fmt::format("`q` has the shape [{}] and `k` [{}]: batch and head dim differ",
                              fmt::join(q.shape(), ", "), fmt::join(k.shape(), ", ")),
                  "give them the same batch and head dim, and say their order with --layout");
  if (Status status = agree(problem.batch, q.batch, "--batch", "q"); !status)
    return status.error();
  if (Status status = agree(problem.heads, q.heads, "--heads", "q"); !status)
    return status.error();
  if (Status status = agree(problem.kvHeads, k.heads, "--kv-heads", "k"); !status)
    return status.error();
  if (Status status = agree(problem.headDim, q.headDim, "--head-dim", "q"); !status)
    return status.error();
  problem.queryTokens = q.tokens;
  problem.keyTokens = k.tokens;
  return inputs;
}

Status fit(Inputs &inputs, const Problem &problem) {
  if (Status status = checkLengths(problem, inputs); !status)
    return status;
  for (HostTensor *tensor : {&inputs.q, &inputs.k, &inputs.v})
    if (tensor->element != problem.shape().element)
      *tensor = tensor->converted(problem.shape().element);
  return {};
}

} // namespace halftone::cli
