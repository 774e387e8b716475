#include "dsl/Program.h"

#include "dsl/Parse.h"
#include "dsl/Reference.h"
#include "kernels/patterns/Documents.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/SparseVideo.h"
#include "kernels/patterns/TileWindow.h"
#include "kernels/patterns/Window.h"
#include "tests/RandomProblem.h"

#include <doctest/doctest.h>

#include <bit>
#include <cctype>

namespace halftone {
namespace {

struct Pair {
  int64_t batch = 0, head = 0, query = 0, key = 0;
};

/// Runs a program step by step, and checks what it promises: values of 32 bits unless it is wide,
/// nothing negative where it says so, no division by 0, no read outside a table.
class Interpreter {
public:
  Interpreter(const Program &program, Pair pair, bool insideLayout = true)
      : program(program), pair(pair) {
    for (const Instruction &step : program.code) {
      values.push_back(run(step));
      if (insideLayout && !program.wide && values.back() != int32_t(values.back()))
        complain("does not fit 32 bits");
    }
  }
  int64_t operator[](int32_t step) const { return values[size_t(step)]; }
  const std::string &complaint() const { return firstComplaint; }

private:
  using Op = Instruction::Op;

  int64_t run(const Instruction &step) {
    auto operand = [&](size_t i) { return values[size_t(step.operands[i])]; };
    switch (step.op) {
    case Op::QueryIndex:
      return pair.query;
    case Op::KeyIndex:
      return pair.key;
    case Op::Head:
      return pair.head;
    case Op::Batch:
      return pair.batch;
    case Op::Constant:
      return program.constants.at(size_t(step.value));
    case Op::Boolean:
      return step.value;
    case Op::Table:
      return table(operand(0) + operand(1));
    case Op::BlockKept: {
      int64_t row = operand(0) + operand(1);
      for (int64_t run = table(row), end = table(row + 1); run < end; run += 2)
        if (table(run) <= operand(2) && operand(2) < table(run + 1))
          return 1;
      return 0;
    }
    case Op::Select:
      return operand(0) ? operand(1) : operand(2);
    case Op::Not:
      return !operand(0);
    case Op::Abs:
      return std::abs(operand(0));
    case Op::Bits:
      return operand(0) < 0 ? complain("negative bits") : std::bit_width(uint64_t(operand(0)));
    case Op::Pow2:
      return operand(0) < 0 || operand(0) > 62 ? complain("power out of range")
                                               : int64_t{1} << operand(0);
    default:
      return binary(step.op, operand(0), operand(1));
    }
  }

  int64_t binary(Op op, int64_t a, int64_t b) {
    bool divides =
        op == Op::FloorDiv || op == Op::Mod || op == Op::DivPositive || op == Op::ModPositive;
    if (divides && b == 0)
      return complain("division by 0");
    if ((op == Op::DivPositive || op == Op::ModPositive) && (a < 0 || b < 0))
      return complain("negative operands of a positive division");
    int64_t quotient = divides ? a / b - (a % b != 0 && (a < 0) != (b < 0)) : 0;
    switch (op) {
    case Op::Add:
      return a + b;
    case Op::Sub:
      return a - b;
    case Op::Mul:
      return a * b;
    case Op::FloorDiv:
    case Op::DivPositive:
      return quotient;
    case Op::Mod:
    case Op::ModPositive:
      return a - quotient * b;
    case Op::Min:
      return std::min(a, b);
    case Op::Max:
      return std::max(a, b);
    case Op::Equal:
      return a == b;
    case Op::NotEqual:
      return a != b;
    case Op::Less:
      return a < b;
    case Op::LessEqual:
      return a <= b;
    case Op::Greater:
      return a > b;
    case Op::GreaterEqual:
      return a >= b;
    case Op::And:
      return a & b;
    case Op::Or:
      return a | b;
    default:
      return complain("unknown operation");
    }
  }

  int64_t table(int64_t position) {
    if (position < 0 || position >= int64_t(program.tables.size()))
      return complain("read outside the tables");
    return program.tables[size_t(position)];
  }

  int64_t complain(const std::string &what) {
    if (firstComplaint.empty())
      firstComplaint = what + " in step " + std::to_string(values.size());
    return 0;
  }

  const Program &program;
  Pair pair;
  std::vector<int64_t> values;
  std::string firstComplaint;
};

Program lower(const Problem &problem) {
  Status status = problem.check();
  REQUIRE_MESSAGE(status, problem.text() << ": " << (status ? "" : status.error().text()));
  Result<Program> program = lowerProgram(problem);
  REQUIRE_MESSAGE(program, problem.text() << ": " << (program ? "" : program.error().text()));
  return *program;
}

Program lower(const Layout &layout, const Pattern &pattern) {
  return lower(attention(layout, {.heads = 2}).where(pattern));
}

std::string shapeOf(const Layout &layout, const Pattern &pattern) {
  return lower(layout, pattern).shape();
}

Layout clip(int64_t frames, int64_t height, int64_t width, int64_t text = 0) {
  return Layout::video({.frames = frames, .height = height, .width = width, .text = text});
}

/// Whether program and tree agree on a pair, mask and distances.
bool agrees(const Problem &problem, PatternWalk &walk, const Interpreter &values,
            const Program &program, Pair pair) {
  auto [batch, head, query, key] = pair;
  if (values[program.mask] != int64_t{walk.keeps(batch, head, query, key)})
    return false;
  for (size_t i = 0; i < program.distances.size(); ++i)
    if (walk.value(*problem.biases()[i].distance.node(), batch, head, query, key) !=
        values[program.distances[i]])
      return false;
  return true;
}

/// All pairs of one row.
void checkRow(const Problem &problem, const Program &program, PatternWalk &walk, Pair pair) {
  for (pair.key = 0; pair.key < problem.key().tokenCount(); ++pair.key) {
    Interpreter values(program, pair);
    bool good = values.complaint().empty() && agrees(problem, walk, values, program, pair);
    CAPTURE(values.complaint());
    CAPTURE(pair.query);
    CAPTURE(pair.key);
    CAPTURE(pair.head);
    CAPTURE(pair.batch);
    CAPTURE(program.shape());
    REQUIRE(good);
  }
}

TEST_CASE("a program says what the pattern says, on random problems") {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    test::RandomProblem drawn =
        test::RandomProblem::make(seed, Element::BF16, /*forGpu=*/seed % 2 == 0);
    const Problem &problem = drawn.problem;
    CAPTURE(drawn.text());
    Program program = lower(problem);
    test::RandomNumbers random(seed + 1'000'000);
    PatternWalk walk(problem.pattern(), problem.query(), problem.key());
    for (int row = 0; row < 4; ++row)
      checkRow(problem, program, walk,
               {.batch = random.between(0, problem.shape().batch - 1),
                .head = random.between(0, problem.shape().heads - 1),
                .query = random.between(0, problem.query().tokenCount() - 1)});
  }
}

TEST_CASE("a program can be run past the last token, as the last tile of a row does") {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    test::RandomProblem drawn = test::RandomProblem::make(seed, Element::BF16, true);
    CAPTURE(drawn.text());
    Program program = lower(drawn.problem);
    int64_t queries = drawn.problem.query().tokenCount();
    int64_t keys = drawn.problem.key().tokenCount();
    for (int64_t past : {0, 1, 63, 255})
      for (Pair pair : {Pair{0, 0, queries + past, 0}, Pair{0, 0, 0, keys + past},
                        Pair{0, 0, queries + past, keys + past}})
        REQUIRE(Interpreter(program, pair, /*insideLayout=*/false).complaint() == "");
  }
}

TEST_CASE("a problem read back from its text is of the same class, with the same constants") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    test::RandomProblem drawn = test::RandomProblem::make(seed, Element::F16, false);
    CAPTURE(drawn.text());
    Result<Problem> read = parseProblem(drawn.problem.text());
    REQUIRE(read);
    Program one = lower(drawn.problem), two = lower(*read);
    CHECK(one.shape() == two.shape());
    CHECK(one.constants == two.constants);
    CHECK(one.tables == two.tables);
    Result<std::string> shape = programShape(*read);
    REQUIRE(shape);
    CHECK(*shape == one.shape());
  }
}

/// The text with every whole number from 1 on made one larger, decimals and sinks left alone.
std::string withLargerConstants(const std::string &text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && (std::isdigit(text[end]) || text[end] == '.'))
      ++end;
    std::string number = text.substr(i, end - i);
    bool whole = !number.empty() && number.size() < 18 && number.find('.') == number.npos;
    bool inName = i > 0 && std::isalpha(text[i - 1]); // pow2
    if (whole && !inName && number != "0" && !result.ends_with("sink="))
      number = std::to_string(std::stoll(number) + 1);
    result += number.empty() ? text.substr(i++, 1) : number;
    i = std::max(i, end);
  }
  return result;
}

/// A layout of the same kind and other sizes.
Layout otherSizes(const Layout &layout) {
  if (layout.isPacked())
    return Layout::packed({5, 70, 1, 90});
  if (layout.frameCount() == 1 && layout.height() == 1 && layout.textTokens() == 0)
    return Layout::sequence(layout.tokenCount() + 57);
  return clip(layout.frameCount() + 2, layout.height() + 1, layout.width() + 3,
              layout.textTokens() > 0 ? layout.textTokens() + 11 : 0);
}

TEST_CASE("other sizes and other constants are of the same class, on random problems") {
  int compared = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    test::RandomProblem drawn = test::RandomProblem::make(seed, Element::BF16, true);
    const Problem &problem = drawn.problem;
    Program program = lower(problem);
    Result<Pattern> pattern = parsePattern(withLargerConstants(problem.pattern().text()));
    REQUIRE(pattern);
    Problem other =
        attention(otherSizes(problem.query()), otherSizes(problem.key()), problem.shape())
            .where(*pattern);
    for (const Bias &bias : problem.biases())
      other = other.withBias(bias.distance, bias.coefficients);
    CAPTURE(problem.text());
    CAPTURE(other.text());
    if (!other.check()) // a divisor that can be 0 now, say
      continue;
    Program otherProgram = lower(other);
    if (otherProgram.wide != program.wide)
      continue;
    ++compared;
    CHECK(otherProgram.shape() == program.shape());
  }
  CHECK(compared > 300);
}

TEST_CASE("lengths, decays and windows change constants, not the shape") {
  Layout small = clip(5, 4, 6), large = clip(21, 45, 80);
  Layout smallText = clip(3, 2, 9, 7), largeText = clip(33, 45, 80, 256);
  using namespace patterns;

  CHECK(shapeOf(small, radial(small)) ==
        shapeOf(large, radial(large, {.decay = 0.95, .block = 64})));
  CHECK(shapeOf(smallText, radial(smallText, {.decay = 1.0})) ==
        shapeOf(largeText, radial(largeText, {.decay = 0.8})));
  CHECK(shapeOf(small, radialReference()) ==
        shapeOf(large, radialReference({.decay = 2.5, .block = 64})));
  CHECK(shapeOf(small, tileWindow(small)) ==
        shapeOf(large, tileWindow(large, {.tile = {6, 8, 8}, .window = {5, 6, 1}})));
  CHECK(shapeOf(small, temporal(small, 0)) == shapeOf(large, temporal(large, 700)));
  CHECK(shapeOf(small, rounded(spatial(small, 1), Rounding::Any, 16)) ==
        shapeOf(large, rounded(spatial(large, 3), Rounding::All, 128)));
  CHECK(shapeOf(Layout::sequence(7), window(small, 1)) ==
        shapeOf(Layout::sequence(100'000), window(small, 1)));
  Layout shortDocuments = Layout::packed({3, 4}), longDocuments = Layout::packed({100, 1, 900});
  CHECK(shapeOf(shortDocuments, documents(shortDocuments)) ==
        shapeOf(longDocuments, documents(longDocuments)));
}

TEST_CASE("equal constants are not merged: they may differ in the next problem") {
  Layout layout = Layout::sequence(100);
  auto [q, k] = layout.tokens();
  auto two = [&](int64_t a, int64_t b) {
    return abs(q.index() - k.index()) == a | abs(q.index() - k.index()) == b;
  };
  CHECK(shapeOf(layout, two(5, 5)) == shapeOf(layout, two(5, 9)));
  CHECK(lower(layout, two(5, 5)).constants == std::vector<int64_t>{5, 5});
}

TEST_CASE("what cannot vary becomes one constant") {
  Layout layout = Layout::sequence(100);
  auto [q, k] = layout.tokens();
  Program program = lower(layout, q.index() <= pow2(bits(Expr(3600))) - 7 * 3);
  CHECK(program.constants == std::vector<int64_t>{4096 - 21});
  CHECK(program.shape() == "i32 0=q 1=c 2=le(0,1) mask=2");
  // Also a frame, where the layout has only one.
  CHECK(lower(layout, k.index() > bits(q.frame() + 4)).constants == std::vector<int64_t>{3});
}

TEST_CASE("a constant comparison is a constant, not a class") {
  Layout layout = Layout::sequence(100);
  auto [q, k] = layout.tokens();
  auto pattern = [&](int64_t size) { return Expr(size) <= 128 | q.index() == k.index(); };
  CHECK(shapeOf(layout, pattern(1)) == shapeOf(layout, pattern(1'000)));
}

TEST_CASE("coordinates are arithmetic on the index, shared between their uses") {
  Layout video = clip(5, 4, 6), text = clip(5, 4, 6, 3);
  auto [q, k] = video.tokens();
  CHECK(shapeOf(video, q.frame() == k.frame()) ==
        "i32 0=q 1=c 2=udiv(0,1) 3=k 4=c 5=udiv(3,4) 6=eq(2,5) mask=6");
  CHECK(shapeOf(video, q.place() == bits(q.frame())) ==
        "i32 0=q 1=c 2=udiv(0,1) 3=mul(2,1) 4=sub(0,3) 5=bits(2) 6=eq(4,5) mask=6");
  CHECK(shapeOf(text, q.frame() <= 1) == "i32 0=q 1=c 2=udiv(0,1) 3=c 4=min(2,3) 5=c 6=le(4,5) "
                                         "mask=6");
  CHECK(shapeOf(text, q.isText()) == "i32 0=c 1=q 2=ge(1,0) mask=2");
  CHECK(lower(text, q.isText()).constants == std::vector<int64_t>{120});
}

TEST_CASE("yes and no by the layout alone are folded") {
  Layout video = clip(5, 4, 6);
  auto [q, k] = video.tokens();
  CHECK(lower(video, Pattern::dense()).keepsAll());
  CHECK(lower(video, ~q.isText() | q.index() == 7).keepsAll());
  CHECK_FALSE(lower(video, q.isText()).keepsAll());
  CHECK(lower(video, q.isText()).shape() == "i32 0=bool(false) mask=0");
  CHECK(shapeOf(video, q.isText() | q.index() == 7) == shapeOf(video, q.index() == 7));
  CHECK(shapeOf(video, ~q.isText() & q.index() == 7) == shapeOf(video, q.index() == 7));
}

TEST_CASE("division of what can be negative rounds down") {
  Layout layout = Layout::sequence(100);
  auto [q, k] = layout.tokens();
  CHECK(shapeOf(layout, (q.index() - k.index()) / 3 == 1) ==
        "i32 0=q 1=k 2=sub(0,1) 3=c 4=div(2,3) 5=c 6=eq(4,5) mask=6");
  CHECK(shapeOf(layout, abs(q.index() - k.index()) % 3 == 1).find("umod") != std::string::npos);
}

TEST_CASE("a program is wide when a value needs more than 32 bits") {
  auto [q, k] = Layout::sequence(1).tokens();
  auto wide = [](int64_t tokens, const Pattern &pattern) {
    return lower(Layout::sequence(tokens), pattern).wide;
  };
  Pattern product = q.index() * k.index() <= 7;
  CHECK_FALSE(wide(46'341, product));
  CHECK(wide(46'342, product));
  CHECK(wide(10, q.index() <= int64_t{1} << 31));
  CHECK(shapeOf(Layout::sequence(100'000), product).starts_with("i64 "));
}

TEST_CASE("biases are lowered beside the mask") {
  Layout layout = Layout::sequence(100);
  auto [q, k] = layout.tokens();
  Problem problem = attention(layout, {.heads = 2})
                        .where(k.index() <= q.index())
                        .withBias(abs(q.index() - k.index()), {-0.5f, -0.25f});
  CHECK(lower(problem).shape() == "i32 0=k 1=q 2=le(0,1) 3=sub(1,0) 4=abs(3) mask=2 distance=4");
}

TEST_CASE("a rounded pattern that differs between heads has a block mask for each") {
  Layout layout = Layout::sequence(50);
  auto [q, k] = layout.tokens();
  Pattern pattern = rounded(
      perHead({q.index() == k.index(), k.index() <= 3, k.index() > q.index()}), Rounding::Any, 8);
  Problem problem = attention(layout, {.heads = 7}).where(pattern);
  Program program = lower(problem);
  PatternWalk walk(pattern, layout, layout);
  for (int64_t head = 0; head < 7; ++head)
    for (int64_t query = 0; query < 50; ++query)
      checkRow(problem, program, walk, {.head = head, .query = query});
}

} // namespace
} // namespace halftone
