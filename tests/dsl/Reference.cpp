#include "dsl/Reference.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

/// Tensors of small numbers that differ from element to element.
struct Tensors {
  std::vector<double> q, k, v;
  explicit Tensors(const Problem &problem) {
    const AttentionShape &shape = problem.shape();
    auto fill = [](std::vector<double> &tensor, int64_t size, double step) {
      for (int64_t i = 0; i < size; ++i)
        tensor.push_back(std::sin(step * double(i + 1)));
    };
    int64_t queries = problem.query().tokenCount(), keys = problem.key().tokenCount();
    fill(q, shape.batch * shape.heads * queries * shape.headDim, 0.7);
    fill(k, shape.batch * problem.kvHeads() * keys * shape.headDim, 1.3);
    fill(v, shape.batch * problem.kvHeads() * keys * shape.headDim, 2.1);
  }
  ReferenceTensors view() const { return {q, k, v}; }
};

double dot(const std::vector<double> &a, int64_t row, const std::vector<double> &b, int64_t other,
           int64_t dim) {
  double sum = 0;
  for (int64_t d = 0; d < dim; ++d)
    sum += a[row * dim + d] * b[other * dim + d];
  return sum;
}

} // namespace

TEST_CASE("coordinates, floor division, powers and choices mean what the headers say") {
  Layout clip = Layout::video({.frames = 2, .height = 2, .width = 3, .text = 2});
  auto kept = [&](const Pattern &pattern, int64_t query, int64_t key) {
    return keeps(pattern, clip, clip, 1, 2, query, key);
  };
  CHECK(kept(q.frame() == 1 & q.row() == 1 & q.column() == 2, 11, 0));
  CHECK(kept(q.frame() == 2 & q.place() == 1 & q.column() == 1 & q.row() == 0, 13, 0));
  CHECK(kept(q.isText() & ~k.isText(), 12, 11));
  CHECK(kept((k.index() - 7) / 2 == -4, 0, 0));
  CHECK(kept((k.index() - 7) % 4 == 1, 0, 0));
  CHECK(kept(bits(k.index()) == 3 & pow2(k.index()) == 16, 0, 4));
  CHECK(kept(head() == 2 & batch() == 1, 0, 0));
  CHECK(kept(select(k.index() > 3, q.index(), k.index()) == 9, 9, 4));
  CHECK(!kept(select(k.index() > 3, q.index(), k.index()) == 9, 9, 3));
  CHECK(kept(rounded(k.index() == 5, Rounding::Any, 4), 0, 7));
  CHECK(!kept(rounded(k.index() >= 5, Rounding::All, 4), 0, 7));
  CHECK(kept(rounded(k.index() >= 5, Rounding::All, 4), 0, 13));
}

TEST_CASE("one row by hand") {
  Problem problem = attention(Layout::sequence(2), Layout::sequence(3), {.headDim = 8})
                        .where(k.index() != 1)
                        .withScale(0.5);
  Tensors tensors(problem);
  double first = 0.5 * dot(tensors.q, 1, tensors.k, 0, 8);
  double second = 0.5 * dot(tensors.q, 1, tensors.k, 2, 8);
  double sum = std::exp(first) + std::exp(second);
  ReferenceRow row = referenceRow(problem, tensors.view(), 0, 0, 1);
  CHECK(row.lse == doctest::Approx(std::log(sum)).epsilon(1e-12));
  REQUIRE(row.output.size() == 8);
  for (int64_t d = 0; d < 8; ++d)
    CHECK(row.output[d] ==
          doctest::Approx((std::exp(first) * tensors.v[d] + std::exp(second) * tensors.v[16 + d]) /
                          sum)
              .epsilon(1e-12));
}

TEST_CASE("softcap and biases enter the score") {
  Problem problem = attention(Layout::sequence(1), Layout::sequence(2), {.heads = 2, .headDim = 8})
                        .withScale(2)
                        .withSoftcap(1.5)
                        .withBias(k.index() - q.index(), {0.25f, -0.5f})
                        .withBias(k.index() * 3, {0.125f});
  Tensors tensors(problem);
  double first = 1.5 * std::tanh(2 * dot(tensors.q, 1, tensors.k, 2, 8) / 1.5);
  double second =
      1.5 * std::tanh(2 * dot(tensors.q, 1, tensors.k, 3, 8) / 1.5) - 0.5 * 1 + 0.125 * 3;
  ReferenceRow row = referenceRow(problem, tensors.view(), 0, 1, 0);
  CHECK(row.lse == doctest::Approx(std::log(std::exp(first) + std::exp(second))).epsilon(1e-12));
}

TEST_CASE("groups of heads share a key and value head") {
  Problem grouped =
      attention(Layout::sequence(5), {.batch = 2, .heads = 4, .kvHeads = 2, .headDim = 8});
  Problem single = attention(Layout::sequence(5), {.headDim = 8});
  Tensors tensors(grouped);
  ReferenceResult all = reference(grouped, tensors.view());
  REQUIRE(all.output.size() == 2 * 4 * 5 * 8);
  REQUIRE(all.lse.size() == 2 * 4 * 5);
  for (int64_t batch = 0; batch < 2; ++batch)
    for (int64_t head = 0; head < 4; ++head) {
      int64_t group = batch * 2 + head / 2, rows = batch * 4 + head;
      ReferenceTensors part{std::span(tensors.q).subspan(rows * 40, 40),
                            std::span(tensors.k).subspan(group * 40, 40),
                            std::span(tensors.v).subspan(group * 40, 40)};
      for (int64_t query = 0; query < 5; ++query) {
        ReferenceRow row = referenceRow(single, part, 0, 0, query);
        CHECK(row.lse == all.lse[rows * 5 + query]);
        for (int64_t d = 0; d < 8; ++d)
          CHECK(row.output[d] == all.output[(rows * 5 + query) * 8 + d]);
      }
    }
}

TEST_CASE("a key that is not kept is not read, and a row without keys is 0 and -infinity") {
  Problem problem = attention(Layout::sequence(4), {.headDim = 8}).where(k.index() < q.index());
  Tensors tensors(problem);
  for (int64_t d = 0; d < 8; ++d)
    tensors.k[3 * 8 + d] = tensors.v[3 * 8 + d] = notANumber;
  ReferenceResult all = reference(problem, tensors.view());
  CHECK(all.lse[0] == -infinity);
  for (int64_t d = 0; d < 8; ++d)
    CHECK(all.output[d] == 0);
  for (double value : all.output)
    CHECK(std::isfinite(value));
}

TEST_CASE("scores far from zero neither overflow nor vanish") {
  Problem problem = attention(Layout::sequence(3), {.headDim = 8}).withScale(1e5);
  Tensors tensors(problem);
  ReferenceResult all = reference(problem, tensors.view());
  for (double value : all.output)
    CHECK(std::isfinite(value));
}
