// What a kernel's results are held against.
#include "autotune/Workbench.h"

#include "dsl/Elements.h"

#include <fmt/format.h>
#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <cmath>

namespace halftone {

namespace {

/// By how much more a score, an exponent, is off than by default: sums in fp32 are rounded by the
/// size of their terms, headDim products of size 1 times the scale, which is 16 at most by default.
double scoreGrowth(const Problem &problem) {
  return std::max(1.0, std::fabs(problem.scale()) * double(problem.shape().headDim) / 16);
}

/// The relative error of a result: one rounding to the element type, and what exponentials and sums
/// in fp32 leave.
double unitError(const Problem &problem) {
  double sums = 1e-5 * scoreGrowth(problem);
  switch (problem.shape().element) {
  case Element::BF16:
    return 0x1p-8 + sums;
  case Element::F16:
    return 0x1p-11 + sums;
  case Element::F32:
    return sums;
  }
  return sums;
}

/// Of `count` elements the first that is not finite; `count` where all are.
size_t firstNotFinite(Element element, const char *data, size_t count) {
  constexpr size_t slice = size_t{1} << 18;
  std::vector<size_t> found((count + slice - 1) / slice, count);
  auto look = [&](size_t at) {
    for (size_t i = at * slice; i < std::min(count, (at + 1) * slice); ++i)
      if (!std::isfinite(loadElement(element, data, i))) {
        found[at] = i;
        return;
      }
  };
  if (found.size() == 1)
    look(0);
  else
    llvm::parallelFor(0, found.size(), look);
  auto first = std::min_element(found.begin(), found.end());
  return first == found.end() ? count : *first;
}

} // namespace

Status Workbench::launch(const Kernel &kernel, void *stream) const {
  const AttentionShape &shape = problem.shape();
  return kernel(packedTokenMajor(q.data(), queries(), shape.heads, shape.headDim),
                packedTokenMajor(k.data(), keys(), problem.kvHeads(), shape.headDim),
                packedTokenMajor(v.data(), keys(), problem.kvHeads(), shape.headDim),
                packedTokenMajor(o.data(), queries(), shape.heads, shape.headDim),
                shape.lse ? static_cast<float *>(lse.data()) : nullptr, stream);
}

/// Fills the outputs with NaN, launches with these keys and values, and waits.
Status Workbench::run(const Kernel &kernel, const GuardedBuffer &keysGiven,
                      const GuardedBuffer &valuesGiven) {
  const AttentionShape &shape = problem.shape();
  for (const GuardedBuffer *buffer : {&o, &lse})
    if (Status status = buffer->fill(notANumber); !status)
      return status;
  Status launched =
      kernel(packedTokenMajor(q.data(), queries(), shape.heads, shape.headDim),
             packedTokenMajor(keysGiven.data(), keys(), problem.kvHeads(), shape.headDim),
             packedTokenMajor(valuesGiven.data(), keys(), problem.kvHeads(), shape.headDim),
             packedTokenMajor(o.data(), queries(), shape.heads, shape.headDim),
             shape.lse ? static_cast<float *>(lse.data()) : nullptr);
  if (!launched || !device.isGpu())
    return launched;
  return device.synchronize();
}

Result<Workbench::Row> Workbench::download(int64_t batch, int64_t head, int64_t row) const {
  const AttentionShape &shape = problem.shape();
  auto size = size_t(elementBytes(shape.element));
  std::vector<char> bytes(size_t(shape.headDim) * size);
  size_t at = size_t((batch * queries() + row) * shape.heads + head) * bytes.size();
  if (Status status = o.download(at, bytes.data(), bytes.size()); !status)
    return status.error();
  Row result;
  for (int64_t i = 0; i < shape.headDim; ++i)
    result.output.push_back(loadElement(shape.element, bytes.data(), size_t(i)));
  if (shape.lse) {
    float value = 0;
    size_t position = size_t((batch * shape.heads + head) * queries() + row);
    if (Status status = lse.download(position * sizeof(float), &value, sizeof(float)); !status)
      return status.error();
    result.lse = value;
  }
  return result;
}

/// How a row differs from the right answer by more than the element type's rounding.
std::optional<std::string> Workbench::differs(const HeadSample &head, size_t at,
                                              const Row &row) const {
  const ReferenceRow &right = head.right[at];
  double limit = 2 * unitError(problem) * head.greatestValue + 1e-5;
  bool isEmpty = std::isinf(right.lse);
  double off = 0;
  for (size_t i = 0; i < right.output.size(); ++i) {
    double difference = std::fabs(row.output[i] - right.output[i]);
    if (!(difference <= (isEmpty ? 0 : limit)) && !(off > difference))
      off = difference;
  }
  std::string where =
      fmt::format("batch {}, head {}, query {}", head.batch, head.head, head.rows[at]);
  if (!(off == 0))
    return fmt::format("{}: the output is off by {:.3g} (limit {:.3g})", where, off,
                       isEmpty ? 0 : limit);
  if (problem.shape().lse &&
      !(isEmpty ? row.lse == right.lse
                : std::fabs(row.lse - right.lse) <= 1e-3 * scoreGrowth(problem)))
    return fmt::format("{}: the log-sum-exp is {:.6g} and should be {:.6g}", where, row.lse,
                       right.lse);
  return std::nullopt;
}

Result<std::optional<Workbench::Finding>> Workbench::compare() const {
  for (const HeadSample &head : heads) {
    double squares = 0, rightSquares = 0;
    for (size_t i = 0; i < head.rows.size(); ++i) {
      Result<Row> row = download(head.batch, head.head, head.rows[i]);
      if (!row)
        return row.error();
      if (std::optional<std::string> difference = differs(head, i, *row))
        return std::optional(Finding{Finding::Kind::WrongResult, *difference});
      for (size_t d = 0; d < row->output.size(); ++d) {
        double difference = row->output[d] - head.right[i].output[d];
        squares += difference * difference;
        rightSquares += head.right[i].output[d] * head.right[i].output[d];
      }
    }
    double relative = rightSquares > 0 ? std::sqrt(squares / rightSquares) : 0;
    double limit = 4 * unitError(problem);
    if (!(relative <= limit))
      return std::optional(Finding{
          Finding::Kind::WrongResult,
          fmt::format("batch {}, head {}: the output is off by {:.3g} of its size (limit {:.3g})",
                      head.batch, head.head, relative, limit)});
  }
  return std::optional<Finding>();
}

Result<std::optional<Workbench::Finding>> Workbench::comparePoisoned() const {
  for (const HeadSample &head : heads)
    for (size_t i = head.windowBegin; i < head.rows.size(); ++i) {
      Result<Row> row = download(head.batch, head.head, head.rows[i]);
      if (!row)
        return row.error();
      if (std::optional<std::string> difference = differs(head, i, *row))
        return std::optional(Finding{Finding::Kind::ReadsUnattended,
                                     "with NaN in keys that are not attended to, " + *difference});
    }
  return std::optional<Finding>();
}

/// Elements that were not written: still NaN. No right output is one.
Result<std::optional<Workbench::Finding>> Workbench::findGaps(bool thorough) const {
  const AttentionShape &shape = problem.shape();
  auto size = size_t(elementBytes(shape.element));
  int64_t perToken = shape.heads * shape.headDim;
  int64_t tokens = shape.batch * queries(), step = thorough ? 1024 : 1;
  size_t pieces = thorough ? size_t((tokens + step - 1) / step) : spotTokens.size();
  std::vector<char> bytes;
  for (size_t piece = 0; piece < pieces; ++piece) {
    int64_t begin = thorough ? int64_t(piece) * step : spotTokens[piece];
    int64_t count = std::min(step, tokens - begin);
    bytes.resize(size_t(count * perToken) * size);
    if (Status status = o.download(size_t(begin * perToken) * size, bytes.data(), bytes.size());
        !status)
      return status.error();
    size_t elements = bytes.size() / size;
    size_t i = firstNotFinite(shape.element, bytes.data(), elements);
    if (i < elements) {
      int64_t token = begin + int64_t(i) / perToken, head = int64_t(i) % perToken / shape.headDim;
      bool isNan = std::isnan(loadElement(shape.element, bytes.data(), i));
      return std::optional(
          Finding{Finding::Kind::WrongResult,
                  fmt::format("batch {}, head {}, query {}: the output holds {}", token / queries(),
                              head, token % queries(), isNan ? "a NaN" : "an infinity")});
    }
  }
  if (!thorough || !shape.lse)
    return std::optional<Finding>();
  std::vector<float> all(lse.bytes() / sizeof(float));
  if (Status status = lse.download(0, all.data(), lse.bytes()); !status)
    return status.error();
  auto gap = std::find_if(all.begin(), all.end(), [](float value) { return std::isnan(value); });
  if (gap == all.end())
    return std::optional<Finding>();
  return std::optional(
      Finding{Finding::Kind::WrongResult,
              fmt::format("log-sum-exp {} is a NaN", std::distance(all.begin(), gap))});
}

Result<std::optional<Workbench::Finding>> Workbench::findOverwritten() const {
  for (auto [buffer, name] : {std::pair{&q, "q"}, std::pair{&k, "k"}, std::pair{&v, "v"},
                              std::pair{&o, "o"}, std::pair{&lse, "the log-sum-exp"},
                              std::pair{&poisonedK, "k"}, std::pair{&poisonedV, "v"}}) {
    Result<bool> intact = buffer->takeGuards();
    if (!intact)
      return intact.error();
    if (!*intact)
      return std::optional(
          Finding{Finding::Kind::Overwrites, fmt::format("bytes around {} were written", name)});
  }
  return std::optional<Finding>();
}

Result<std::optional<Workbench::Finding>> Workbench::verify(const Kernel &kernel, bool thorough) {
  if (Status status = run(kernel, k, v); !status)
    return status.error();
  Result<std::optional<Finding>> found = compare();
  if (found && !*found)
    found = findGaps(thorough);
  if (found && !*found) {
    if (Status status = run(kernel, poisonedK, poisonedV); !status)
      return status.error();
    found = comparePoisoned();
  }
  // Whatever else is wrong: the next kernel must not be blamed for this one's writing.
  Result<std::optional<Finding>> overwritten = findOverwritten();
  return !overwritten || *overwritten ? overwritten : found;
}

} // namespace halftone
