#include "dsl/Problem.h"

#include "dsl/Parse.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};

} // namespace

TEST_CASE("a problem is a value") {
  Problem dense = attention(Layout::sequence(100), {.heads = 4, .headDim = 64});
  Problem causal = dense.where(k.index() <= q.index()).withScale(2).withSoftcap(30);
  CHECK(dense.pattern() == Pattern::dense());
  CHECK(dense.scale() == 0.125);
  CHECK_FALSE(dense.softcap());
  CHECK(dense.kvHeads() == 4);
  CHECK(causal.scale() == 2);
  CHECK(causal.softcap() == 30);
  CHECK(causal.pattern().text() == "k.index <= q.index");
  CHECK(causal.withBias(q.index(), {1}).biases().size() == 1);
  CHECK(causal.biases().empty());
}

TEST_CASE("elements") {
  CHECK(elementName(Element::F32) == "f32");
  CHECK(elementName(Element::F16) == "f16");
  CHECK(elementName(Element::BF16) == "bf16");
  CHECK(elementBytes(Element::F32) == 4);
  CHECK(elementBytes(Element::F16) == 2);
  CHECK(elementBytes(Element::BF16) == 2);
}

TEST_CASE("a problem is one line of text") {
  Layout clip = Layout::video({.frames = 21, .height = 45, .width = 80});
  Problem work = attention(clip, Layout::sequence(77),
                           {.batch = 2,
                            .heads = 40,
                            .kvHeads = 8,
                            .headDim = 128,
                            .element = Element::F16,
                            .lse = true})
                     .where(q.index() >= k.index())
                     .withSoftcap(50)
                     .withBias(abs(q.index() - k.index()), {0.5, 0.25});
  CHECK(work.text() ==
        "attention query=video(frames=21, height=45, width=80, text=0) key=sequence(77) batch=2 "
        "heads=40 kv_heads=8 head_dim=128 element=f16 lse=1 scale=0.08838834764831843 softcap=50 "
        "bias=(abs(q.index - k.index); 0.5 0.25) where q.index >= k.index");
}

TEST_CASE("parse(print(problem)) is the same problem") {
  CHECK(test::holds("problem round trip", 1000, [] {
    int64_t kvHeads = *rc::gen::inRange(1, 5);
    AttentionShape shape{.batch = *rc::gen::inRange(1, 4),
                         .heads = kvHeads * *rc::gen::inRange(1, 4),
                         .kvHeads = kvHeads,
                         .headDim = *rc::gen::element(64, 96, 128),
                         .element = *rc::gen::element(Element::F32, Element::F16, Element::BF16),
                         .lse = *rc::gen::arbitrary<bool>()};
    test::RandomTree tree;
    Problem problem =
        attention(tree.layout(), tree.layout(), shape).where(tree.pattern(*rc::gen::inRange(0, 4)));
    if (*rc::gen::arbitrary<bool>())
      problem = problem.withScale(*rc::gen::arbitrary<double>());
    if (*rc::gen::arbitrary<bool>())
      problem = problem.withSoftcap(*rc::gen::arbitrary<double>());
    if (*rc::gen::arbitrary<bool>())
      problem =
          problem.withBias(tree.expr(Unit::Token, 2),
                           *rc::gen::container<std::vector<float>>(rc::gen::arbitrary<float>()));
    Result<Problem> back = parseProblem(problem.text());
    RC_ASSERT(bool(back));
    RC_ASSERT(back->text() == problem.text());
    RC_ASSERT(back->query() == problem.query());
    RC_ASSERT(back->key() == problem.key());
    RC_ASSERT(back->pattern() == problem.pattern());
    RC_ASSERT(back->scale() == problem.scale());
    RC_ASSERT(back->softcap() == problem.softcap());
    RC_ASSERT(back->kvHeads() == problem.kvHeads());
    RC_ASSERT(back->biases().size() == problem.biases().size());
    for (size_t i = 0; i < problem.biases().size(); ++i)
      RC_ASSERT(back->biases()[i].coefficients == problem.biases()[i].coefficients);
  }));
}
