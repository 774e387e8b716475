#include "dsl/Decimal.h"

#include "tests/dsl/Property.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace halftone;

namespace {

bool is(std::optional<Decimal> decimal, int64_t numerator, int64_t denominator) {
  return decimal && decimal->numerator == numerator && decimal->denominator == denominator;
}

} // namespace

TEST_CASE("decimals are exact and in lowest terms") {
  CHECK(is(Decimal::parse("0.2"), 1, 5));
  CHECK(is(Decimal::parse("0.95"), 19, 20));
  CHECK(is(Decimal::parse("12"), 12, 1));
  CHECK(is(Decimal::parse("1e-3"), 1, 1000));
  CHECK(is(Decimal::parse("2.5e+2"), 250, 1));
  CHECK(is(Decimal::parse("0.500000000000000000000000000000"), 1, 2));
  CHECK(is(Decimal::parse("0"), 0, 1));
  CHECK(is(Decimal::parse("0e999999999999"), 0, 1));
  CHECK(is(Decimal::fromDouble(0.1), 1, 10));
  CHECK(is(Decimal::fromDouble(1.0 / 3), 3333333333333333, 10000000000000000));
  CHECK(is(Decimal::fromDouble(-0.0), 0, 1));
}

TEST_CASE("what is no decimal, or does not fit, is refused") {
  for (std::string text : {"", ".", "1.", ".5", "-1", "+1", "1e", "1e+", "nan", "inf", "0x1", "1 ",
                           "1.2.3", "99999999999999999999", "1e19", "1e-19", "1e99999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(Decimal::parse(text));
  }
  for (double value : {-1.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e300, 1e-300})
    CHECK_FALSE(Decimal::fromDouble(value));
}

TEST_CASE("a decimal's text reads back") {
  CHECK(Decimal{1, 5}.text() == "0.2");
  CHECK(Decimal{25, 2}.text() == "12.5");
  CHECK(Decimal{1, 1000}.text() == "0.001");
  CHECK(Decimal{7, 1}.text() == "7");
  CHECK(test::holds("decimal text", 2000, [] {
    int64_t digits = *rc::gen::inRange<int64_t>(0, int64_t{1} << 62);
    int places = *rc::gen::inRange(0, 19);
    std::optional<Decimal> decimal =
        Decimal::parse(std::to_string(digits) + "e-" + std::to_string(places));
    RC_ASSERT(decimal.has_value());
    RC_ASSERT(is(Decimal::parse(decimal->text()), decimal->numerator, decimal->denominator));
  }));
}

TEST_CASE("the shortest text of a number reads back to it") {
  CHECK(shortestText(0.2) == "0.2");
  CHECK(shortestText(0.1f) == "0.1");
  CHECK(shortestText(std::nan("")) == "nan");
  CHECK(shortestText(-std::numeric_limits<double>::infinity()) == "-inf");
}
