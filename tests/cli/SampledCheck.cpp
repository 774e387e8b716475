#include "cli/SampledCheck.h"

#include "cli/Execution.h"
#include "dsl/Elements.h"
#include "dsl/Parse.h"
#include "dsl/Reference.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace halftone;
using namespace halftone::cli;

namespace {

Problem sample(Element element) {
  return attention(Layout::sequence(96),
                   {.batch = 2, .heads = 4, .kvHeads = 2, .headDim = 16, .element = element})
      .where(
          *parsePattern("head % 2 == 0 & k.index <= q.index | head % 2 == 1 & k.index > q.index"))
      .withBias(*parseExpr("abs(q.index - k.index)"), {0.01f, 0.02f, 0.03f, 0.04f})
      .withSoftcap(20);
}

/// What a kernel that makes no error but the rounding of its output would give.
Outputs rightAnswer(const Problem &problem, const Inputs &inputs) {
  const AttentionShape &shape = problem.shape();
  std::vector<double> q, k, v;
  for (int64_t batch = 0; batch < shape.batch; ++batch) {
    for (int64_t head = 0; head < shape.heads; ++head)
      for (double value : inputs.q.head(batch, head))
        q.push_back(value);
    for (int64_t head = 0; head < problem.kvHeads(); ++head) {
      for (double value : inputs.k.head(batch, head))
        k.push_back(value);
      for (double value : inputs.v.head(batch, head))
        v.push_back(value);
    }
  }
  ReferenceResult expected = reference(problem, {q, k, v});
  Outputs outputs{HostTensor::zeros(shape.element, AxisOrder::Bhsd, shape.batch, 96, shape.heads,
                                    shape.headDim),
                  {}};
  for (size_t i = 0; i < expected.output.size(); ++i)
    storeElement(shape.element, outputs.o.bytes.data(), i, float(expected.output[i]));
  for (double value : expected.lse)
    outputs.lse.push_back(float(value));
  return outputs;
}

const CheckOptions everything{.rows = 1000, .heads = 1000, .seed = 1};

} // namespace

TEST_CASE("the right answer passes, head by head and batch by batch") {
  for (Element element : {Element::F32, Element::F16, Element::BF16}) {
    Problem problem = sample(element);
    REQUIRE(problem.check());
    Inputs inputs = randomInputs(problem, AxisOrder::Bshd, 3);
    CheckReport report = checkSample(problem, inputs, rightAnswer(problem, inputs), everything);
    CHECK_MESSAGE(report.passed(), report.failure);
    CHECK(report.rows == 2 * 4 * 96);
    CHECK(report.heads == 8);
  }
}

TEST_CASE("one wrong value, one wrong log-sum-exp, one NaN fail") {
  Problem problem = sample(Element::BF16);
  Inputs inputs = randomInputs(problem, AxisOrder::Bshd, 3);
  Outputs right = rightAnswer(problem, inputs);
  size_t at = right.o.index(1, 50, 2);

  Outputs wrong = right;
  storeElement(Element::BF16, wrong.o.bytes.data(), at,
               loadElement(Element::BF16, right.o.bytes.data(), at) + 0.2f);
  CheckReport report = checkSample(problem, inputs, wrong, everything);
  CHECK_FALSE(report.passed());
  CHECK(report.failure.starts_with("batch 1, head 2, query 50: the output is off by 0.2"));

  wrong = right;
  wrong.lse[(1 * 4 + 2) * 96 + 50] += 0.01f;
  CHECK_FALSE(checkSample(problem, inputs, wrong, everything).passed());

  wrong = right;
  storeElement(Element::BF16, wrong.o.bytes.data(), at, std::numeric_limits<float>::quiet_NaN());
  CHECK_FALSE(checkSample(problem, inputs, wrong, everything).passed());
}

TEST_CASE("a row that keeps nothing must be 0 and -infinity") {
  Problem problem = sample(Element::BF16); // query 95 of an odd head keeps nothing
  Inputs inputs = randomInputs(problem, AxisOrder::Bshd, 3);
  Outputs right = rightAnswer(problem, inputs);
  size_t lse = 1 * 96 + 95;
  REQUIRE(std::isinf(right.lse[lse]));
  Outputs wrong = right;
  wrong.lse[lse] = 0;
  CHECK_FALSE(checkSample(problem, inputs, wrong, everything).passed());
  wrong = right;
  storeElement(Element::BF16, wrong.o.bytes.data(), right.o.index(0, 95, 1), 1e-6f);
  CHECK_FALSE(checkSample(problem, inputs, wrong, everything).passed());
}

TEST_CASE("the output of another mask fails by its log-sum-exp alone") {
  Problem problem = sample(Element::BF16);
  Inputs inputs = randomInputs(problem, AxisOrder::Bshd, 3);
  Outputs right = rightAnswer(problem, inputs);
  Outputs other = rightAnswer(problem.where(Pattern::dense()), inputs);
  other.o = right.o;
  CHECK_FALSE(checkSample(problem, inputs, other, everything).passed());
}

TEST_CASE("a sample has the first and the last, no two alike, and all where there are few") {
  CHECK(spreadSample(5, 10, 1) == std::vector<int64_t>{0, 1, 2, 3, 4});
  std::vector<int64_t> rows = spreadSample(75600, 256, 9);
  REQUIRE(rows.size() == 256);
  CHECK(rows.front() == 0);
  CHECK(rows.back() == 75599);
  CHECK(std::is_sorted(rows.begin(), rows.end()));
  CHECK(std::adjacent_find(rows.begin(), rows.end()) == rows.end());
  CHECK(rows == spreadSample(75600, 256, 9));
  CHECK(rows != spreadSample(75600, 256, 10));
}
