#include "autotune/Workbench.h"

#include "dsl/Elements.h"
#include "dsl/SingleHead.h"
#include "dsl/TileMap.h"

#include <fmt/format.h>
#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace halftone {

namespace {

/// Rows of a head spread over it, and rows in the middle of the window.
constexpr int64_t spreadRows = 10, windowRows = 4;
/// The greatest tileQ of any target: a tile that holds a row of the window's middle reaches no
/// further.
constexpr int64_t greatestTile = 256;
constexpr int64_t spots = 256;
constexpr unsigned char notANumber = 0xff; ///< all ones: a NaN in every element type
constexpr unsigned char huge = 0x7b;       ///< 61,000 in f16, 1e36 in the others

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

/// `count` of 0 .. total-1, one from each of as many equal pieces, the first and the last among
/// them.
std::vector<int64_t> spread(int64_t total, int64_t count, std::mt19937_64 &random) {
  std::vector<int64_t> chosen;
  count = std::min(count, total);
  for (int64_t i = 0; i < count; ++i) {
    int64_t begin = i * total / count, end = (i + 1) * total / count;
    chosen.push_back(i == 0           ? 0
                     : i == count - 1 ? total - 1
                                      : begin + int64_t(random() % uint64_t(end - begin)));
  }
  return chosen;
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

Workbench::Workbench(const Problem &problem, const Device &device)
    : problem(problem), device(device) {}

void Workbench::sample(uint64_t seed) {
  std::mt19937_64 random(seed);
  const AttentionShape &shape = problem.shape();
  // Its middle is anywhere; the rows of a tile that holds one of it are in the window.
  int64_t middle = std::min(queries() / 4 + int64_t(random() % uint64_t(queries() / 2 + 1)),
                            std::max<int64_t>(0, queries() - windowRows));
  windowFirst = std::max<int64_t>(0, middle - greatestTile);
  windowLast = std::min(queries() - 1, middle + windowRows - 1 + greatestTile);
  for (int64_t which : spread(shape.batch * shape.heads, 3, random)) {
    HeadSample head;
    head.batch = which / shape.heads;
    head.head = which % shape.heads;
    head.kvHead = head.head / (shape.heads / problem.kvHeads());
    head.rows = spread(queries(), spreadRows, random);
    head.windowBegin = head.rows.size();
    for (int64_t i = 0; i < windowRows && middle + i < queries(); ++i)
      head.rows.push_back(middle + i);
    heads.push_back(std::move(head));
  }
  spotTokens = spread(shape.batch * queries(), spots, random);
}

/// The right answer of a head's rows.
void Workbench::solve(HeadSample &head, const RandomValues &qs, const RandomValues &ks,
                      const RandomValues &vs, OneHead &one) const {
  const AttentionShape &shape = problem.shape();
  int64_t depth = shape.headDim;
  auto gather = [&](std::vector<double> &to, const RandomValues &from, int64_t tokens,
                    int64_t headCount, int64_t which) {
    to.resize(size_t(tokens * depth));
    constexpr int64_t piece = 4096; // tokens
    llvm::parallelFor(0, size_t((tokens + piece - 1) / piece), [&](size_t at) {
      for (int64_t token = int64_t(at) * piece; token < std::min(tokens, int64_t(at + 1) * piece);
           ++token)
        for (int64_t i = 0; i < depth; ++i)
          to[size_t(token * depth + i)] =
              from.at(((head.batch * tokens + token) * headCount + which) * depth + i);
    });
  };
  gather(one.q, qs, queries(), shape.heads, head.head);
  gather(one.k, ks, keys(), problem.kvHeads(), head.kvHead);
  gather(one.v, vs, keys(), problem.kvHeads(), head.kvHead);
  Problem single = singleHead(problem, head.batch, head.head);
  ReferenceTensors tensors{one.q, one.k, one.v};
  head.right.resize(head.rows.size());
  llvm::parallelFor(0, head.rows.size(), [&](size_t i) {
    head.right[i] = referenceRow(single, tensors, 0, 0, head.rows[i]);
  });
  head.greatestValue = vs.greatestMagnitude();
}

/// Which keys any of these queries attends to, in any sampled head that reads this key/value head;
/// some more at the ends.
std::vector<bool> Workbench::attended(int64_t batch, int64_t kvHead, int64_t firstQuery,
                                      int64_t lastQuery) const {
  std::vector<bool> attended(size_t(keys()), false);
  constexpr int64_t tile = 64;
  for (const HeadSample &head : heads) {
    if (head.batch != batch || head.kvHead != kvHead)
      continue;
    Result<TileMap> map = TileMap::build(singleHead(problem, batch, head.head), tile, 1);
    if (!map) // no query attends to anything
      continue;
    for (int64_t at = firstQuery / tile; at <= lastQuery / tile; ++at)
      for (const KeyRange &range : map->ranges(0, at))
        std::fill(attended.begin() + range.begin, attended.begin() + range.end, true);
  }
  return attended;
}

/// Uploads keys or values with NaN wherever the window does not attend. A kernel may multiply a
/// value that only other queries attend to by a weight of 0, which a NaN would show: where any
/// query attends, values are huge instead.
Status Workbench::poison(const GuardedBuffer &buffer, const RandomValues &values,
                         bool isValues) const {
  const AttentionShape &shape = problem.shape();
  int64_t kvHeads = problem.kvHeads(), depth = shape.headDim;
  auto rowBytes = size_t(depth * elementBytes(shape.element));
  if (Status status = buffer.fill(notANumber); !status)
    return status;
  for (int64_t batch = 0; batch < shape.batch; ++batch) {
    struct Wanted {
      int64_t kvHead;
      std::vector<bool> inWindow, anywhere;
    };
    std::vector<Wanted> wanted;
    for (const HeadSample &head : heads)
      if (head.batch == batch && std::none_of(wanted.begin(), wanted.end(), [&](const auto &one) {
            return one.kvHead == head.kvHead;
          }))
        wanted.push_back({head.kvHead, attended(batch, head.kvHead, windowFirst, windowLast),
                          attended(batch, head.kvHead, 0, queries() - 1)});
    constexpr int64_t chunk = 4096; // tokens
    std::vector<char> bytes;
    for (int64_t begin = 0; begin < keys() && !wanted.empty(); begin += chunk) {
      int64_t count = std::min(chunk, keys() - begin);
      bytes.assign(size_t(count * kvHeads) * rowBytes, char(notANumber));
      for (const auto &[kvHead, inWindow, anywhere] : wanted)
        for (int64_t token = begin; token < begin + count; ++token) {
          char *row = bytes.data() + size_t((token - begin) * kvHeads + kvHead) * rowBytes;
          if (inWindow[size_t(token)])
            values.write(((batch * keys() + token) * kvHeads + kvHead) * depth, depth, row);
          else if (isValues && anywhere[size_t(token)])
            std::fill_n(row, rowBytes, char(huge));
        }
      if (Status status = buffer.upload(size_t((batch * keys() + begin) * kvHeads) * rowBytes,
                                        bytes.data(), bytes.size());
          !status)
        return status;
    }
  }
  return {};
}

Status Workbench::fillInputs(const RandomValues &qs, const RandomValues &ks,
                             const RandomValues &vs) {
  auto size = size_t(elementBytes(problem.shape().element));
  std::vector<char> piece;
  for (auto [buffer, values] : {std::pair{&q, &qs}, std::pair{&k, &ks}, std::pair{&v, &vs}})
    for (size_t done = 0; done < buffer->bytes(); done += piece.size()) {
      piece.resize(std::min(size_t{64} << 20, buffer->bytes() - done));
      values->write(int64_t(done / size), int64_t(piece.size() / size), piece.data());
      if (Status status = buffer->upload(done, piece.data(), piece.size()); !status)
        return status;
    }
  if (Status status = poison(poisonedK, ks, /*isValues=*/false); !status)
    return status;
  return poison(poisonedV, vs, /*isValues=*/true);
}

Result<Workbench> Workbench::make(const Problem &problem, const Device &device, uint64_t seed) {
  Workbench bench(problem, device);
  const AttentionShape &shape = problem.shape();
  auto size = size_t(elementBytes(shape.element));
  size_t queryBytes = size_t(shape.batch * bench.queries() * shape.heads * shape.headDim) * size;
  size_t keyBytes = size_t(shape.batch * bench.keys() * problem.kvHeads() * shape.headDim) * size;
  size_t lseBytes =
      shape.lse ? size_t(shape.batch * shape.heads * bench.queries()) * sizeof(float) : 0;
  for (auto [buffer, bytes] :
       {std::pair{&bench.q, queryBytes}, std::pair{&bench.k, keyBytes},
        std::pair{&bench.v, keyBytes}, std::pair{&bench.o, queryBytes},
        std::pair{&bench.lse, lseBytes}, std::pair{&bench.poisonedK, keyBytes},
        std::pair{&bench.poisonedV, keyBytes}}) {
    Result<GuardedBuffer> made = GuardedBuffer::make(device, bytes);
    if (!made)
      return made.error();
    *buffer = std::move(*made);
  }
  RandomValues qs(shape.element, seed * 3), ks(shape.element, seed * 3 + 1),
      vs(shape.element, seed * 3 + 2);
  bench.sample(seed);
  OneHead one;
  for (HeadSample &head : bench.heads)
    bench.solve(head, qs, ks, vs, one);
  if (Status status = bench.fillInputs(qs, ks, vs); !status)
    return status.error();
  return bench;
}

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
