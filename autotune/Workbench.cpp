#include "autotune/Workbench.h"

#include "dsl/Elements.h"
#include "dsl/SingleHead.h"
#include "dsl/TileMap.h"

#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <random>

namespace halftone {

namespace {

/// Rows of a head spread over it, and rows in the middle of the window.
constexpr int64_t spreadRows = 10, windowRows = 4;
/// The greatest tileQ of any target: a tile that holds a row of the window's middle reaches no
/// further.
constexpr int64_t greatestTile = 256;
constexpr int64_t spots = 256;
constexpr unsigned char huge = 0x7b; ///< 61,000 in f16, 1e36 in the others

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

} // namespace halftone
