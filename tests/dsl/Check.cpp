#include "dsl/Problem.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};
const Layout clip = Layout::video({.frames = 21, .height = 45, .width = 80});
const Problem work = attention(clip, {.heads = 40, .headDim = 128});

std::string refusal(const Problem &problem) {
  Status status = problem.check();
  if (status)
    return "accepted";
  CHECK(status.error().code == ErrorCode::Misuse);
  return status.error().text();
}

std::string refusal(AttentionShape shape) { return refusal(attention(clip, shape)); }

/// The message for `pattern`, whose user's line is `line`.
std::string at(uint32_t line, const std::string &message) {
  return "Check.cpp:" + std::to_string(line) + ": " + message;
}

} // namespace

TEST_CASE("sound problems are accepted") {
  CHECK(refusal(work) == "accepted");
  CHECK(refusal(work.where(radialBlocks(0.2, 128, true))) == "accepted");
  Expr apart = abs(q.frame() - k.frame());
  Expr reach = pow2(bits(clip.tokensPerFrame()) - bits(apart));
  Pattern band = abs(q.place() - k.place()) <= max(scaled(reach, 0.2), 128);
  Pattern kept = apart % max(1, floorDiv(128, reach)) == 0;
  CHECK(refusal(work.where(k.frame() == 0 | apart <= 1 | (band & kept))) == "accepted");
  CHECK(refusal(attention(Layout::packed({3, 4}), Layout::sequence(9), {.headDim = 8})
                    .where(q.segment() == k.segment())) == "accepted");
}

TEST_CASE("sizes") {
  CHECK(refusal({.batch = 0}) == "a batch of 0; use a batch of at least 1");
  CHECK(refusal({.heads = 0}) == "0 heads; use at least 1 head");
  CHECK(refusal({.heads = 70'000}) == "70000 heads; use at most 65535 heads");
  CHECK(refusal({.batch = INT64_MAX, .heads = 16}) ==
        "a batch of 9223372036854775807 with 16 heads; use a batch of at most 1048576");
  CHECK(refusal({.heads = 40, .kvHeads = 7}) ==
        "40 heads cannot share 7 key/value heads; use a key/value head count of 8, or another "
        "divisor of 40");
  CHECK(refusal({.heads = 40, .kvHeads = -1}) ==
        "40 heads cannot share -1 key/value heads; use a key/value head count of 1, or another "
        "divisor of 40");
  CHECK(refusal({.heads = 4, .kvHeads = INT64_MAX}) ==
        "4 heads cannot share 9223372036854775807 key/value heads; use a key/value head count of "
        "4, or another divisor of 4");
  for (int64_t headDim : {8, 64, 96, 256})
    CHECK(refusal({.headDim = headDim}) == "accepted");
  CHECK(refusal({.headDim = 100}) == "a head dim of 100 is not a multiple of 8 in 8..256; use 104");
  CHECK(refusal({.headDim = 0}) == "a head dim of 0 is not a multiple of 8 in 8..256; use 8");
  CHECK(refusal({.headDim = 257}) == "a head dim of 257 is not a multiple of 8 in 8..256; use 256");
  CHECK(refusal(attention(Layout::sequence((int64_t{1} << 31) - 1),
                          {.batch = 256, .heads = 65'535, .headDim = 256})) ==
        "a tensor of more than 2^62 bytes; use fewer tokens, heads or batch elements");
}

TEST_CASE("layouts, of queries and of keys") {
  CHECK(refusal(attention(Layout::sequence(0), {})) == "a layout of 0 tokens; use at least 1");
  CHECK(refusal(attention(clip, Layout::frames(2, 3, -1), {})) ==
        "a layout of -1 text tokens; use at least 0");
}

TEST_CASE("scores") {
  CHECK(refusal(work.withScale(NAN)) == "a scale of nan; use a finite scale, for example "
                                        "1/sqrt(head dim) = 0.08838834764831843");
  CHECK(refusal(work.withScale(INFINITY)).starts_with("a scale of inf; "));
  CHECK(refusal(work.withScale(-1)) == "accepted");
  CHECK(refusal(work.withSoftcap(0)) == "a softcap of 0; use a finite softcap above 0, or none");
  CHECK(refusal(work.withSoftcap(-2)).starts_with("a softcap of -2; "));
  CHECK(refusal(work.withSoftcap(NAN)).starts_with("a softcap of nan; "));
  Expr distance = abs(q.index() - k.index());
  CHECK(refusal(work.withBias(distance, {1})) == "accepted");
  CHECK(refusal(work.withBias(distance, std::vector<float>(40, 0.5f))) == "accepted");
  uint32_t line = distance.node()->where.line;
  CHECK(refusal(work.withBias(distance, {1, 2})) ==
        at(line, "a bias with 2 coefficients for 40 heads; give it 1 coefficient, or one for each "
                 "head"));
  CHECK(refusal(work.withBias(distance, {})).find("a bias with 0 coefficients") !=
        std::string::npos);
  CHECK(refusal(work.withBias(distance, {NAN})) ==
        at(line, "a bias coefficient of nan; use finite coefficients"));
}

TEST_CASE("mistakes in the trees come first") {
  Pattern bad = q.frame() == k.place();
  CHECK(refusal(attention(Layout::sequence(0), {}).where(bad)) ==
        at(bad.node()->where.line, "cannot compare frames with places in `q.frame == k.place`; "
                                   "write both in frames, or both in places"));
  Expr worse = q.row() + k.column();
  CHECK(refusal(work.withBias(worse, {1})) ==
        at(worse.node()->where.line, "cannot add rows and columns in `q.row + k.column`; write "
                                     "both in rows, or both in columns"));
}

TEST_CASE("a divisor that can be 0, with the line of the division") {
  Expr gap = q.frame() - k.frame();
  for (auto divide :
       {+[](Expr a, Expr b) { return a / b; }, +[](Expr a, Expr b) { return floorDiv(a, b); }}) {
    Expr quotient = divide(q.index(), gap);
    CHECK(refusal(work.where(quotient == 0)) ==
          at(quotient.node()->where.line,
             "the divisor of `q.index / (q.frame - k.frame)` can be 0: `q.frame - k.frame` lies in "
             "-20..20; divide by max(q.frame - k.frame, 1)"));
  }
  Pattern remainder = q.frame() % k.frame() == 0;
  CHECK(refusal(work.where(remainder)) ==
        at(remainder.node()->where.line,
           "the divisor of `q.frame % k.frame` can be 0: `k.frame` lies in 0..20; divide by "
           "max(k.frame, 1)"));
  Pattern zero = mod(q.frame(), 0) == 0;
  CHECK(refusal(work.where(zero)) == at(zero.node()->where.line,
                                        "the divisor of `q.frame % 0` can be 0: `0` is 0; divide "
                                        "by max(0, 1)"));
  CHECK(refusal(work.where(q.index() / (k.frame() + 1) == 0)) == "accepted");
}

TEST_CASE("the whole layout counts, text included") {
  Layout withText = Layout::frames(20, 10, 5);
  CHECK(refusal(attention(withText, {}).where(q.frame() / (20 - k.frame()) == 0)) != "accepted");
  CHECK(refusal(attention(Layout::frames(20, 10), {}).where(q.frame() / (20 - k.frame()) == 0)) ==
        "accepted");
  CHECK(refusal(work.where(q.frame() / (40 - head()) == 0)) == "accepted");
  CHECK(refusal(work.where(q.frame() / (39 - head()) == 0)) != "accepted");
}

TEST_CASE("inside conditions, choices, blocks and biases") {
  Expr bad = q.frame() / k.frame();
  CHECK(refusal(work.where(select(k.frame() > 0, bad, 0) == 0)) != "accepted");
  CHECK(refusal(work.where(select(bad == 0, 1, 0) == 0)) != "accepted");
  CHECK(refusal(work.where(rounded(bad == 0, Rounding::All, 8))) != "accepted");
  CHECK(refusal(work.where(Pattern::dense() | bad == 0)) != "accepted");
  CHECK(refusal(work.where(~Pattern::dense() & bad == 0)) != "accepted");
  CHECK(refusal(work.where(~(bad == 0))) != "accepted");
  CHECK(refusal(work.withBias(bad, {1})) != "accepted");
}

TEST_CASE("64 bits that overflow") {
  Expr product = q.index() * int64_t{200'000'000'000'000};
  CHECK(refusal(work.where(product > 0)) ==
        at(product.node()->where.line,
           "`q.index * 200000000000000` can leave 64 bits; use smaller numbers"));
  CHECK(refusal(work.where(q.index() * int64_t{100'000'000'000'000} > 0)) == "accepted");
  CHECK(refusal(work.where(Expr(INT64_MAX) + q.frame() > 0)) != "accepted");
  CHECK(refusal(work.where(Expr(INT64_MIN) - q.frame() > 0)) != "accepted");
  CHECK(refusal(work.where(-Expr(INT64_MIN) == 0)) != "accepted");
  CHECK(refusal(work.where(abs(Expr(INT64_MIN)) == 0)) != "accepted");
  CHECK(refusal(work.where(Expr(INT64_MIN) / -1 == 0)) != "accepted");
  CHECK(refusal(work.where(Expr(INT64_MIN) % -1 == 0)) == "accepted");
}

TEST_CASE("bits() and pow2() outside their domain") {
  Expr digits = bits(q.frame() - k.frame());
  CHECK(refusal(work.where(digits == 0)) ==
        at(digits.node()->where.line, "bits() of something that can be negative: `q.frame - "
                                      "k.frame` lies in -20..20; take bits(abs(q.frame - "
                                      "k.frame))"));
  Expr large = pow2(q.index());
  CHECK(refusal(work.where(large == 0)) ==
        at(large.node()->where.line, "pow2() of something outside 0..62: `q.index` lies in "
                                     "0..75599; take pow2(min(q.index, 62))"));
  Expr small = pow2(4 - q.frame());
  CHECK(refusal(work.where(small == 0)) ==
        at(small.node()->where.line, "pow2() of something outside 0..62: `4 - q.frame` lies in "
                                     "-16..4; take pow2(max(4 - q.frame, 0))"));
  CHECK(refusal(work.where(pow2(Expr(62)) == 0)) == "accepted");
  CHECK(refusal(work.where(pow2(Expr(63)) == 0)) != "accepted");
}

TEST_CASE("reference radial masks need one video, seen by itself") {
  Pattern radial = radialBlocks(0.2, 128, true);
  CHECK(refusal(attention(clip, Layout::sequence(10), {}).where(radial | q.isText())) ==
        at(radial.node()->where.line,
           "radialBlocks with queries in video(frames=21, height=45, width=80, text=0) and keys in "
           "sequence(10); use one layout for both"));
  CHECK(refusal(attention(Layout::packed({3, 4}), {}).where(radial)) ==
        at(radial.node()->where.line, "radialBlocks on a packed layout; use a video layout"));
}
