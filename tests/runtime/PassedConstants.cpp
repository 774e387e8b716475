#include "runtime/PassedConstants.h"

#include "tests/dsl/Property.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

/// As kernels divide.
uint32_t quotient(uint32_t number, const ConstantArgument &by) {
  return uint32_t(uint64_t{2 * number} * by.multiplier >> 32) >> by.shift;
}

} // namespace

TEST_CASE("what is passed with a constant divides every number below 2^31 by it") {
  for (uint32_t divisor : {1U, 2U, 3U, 7U, 1U << 16, (1U << 16) + 1, (1U << 30) + 1, 0x7fffffffU}) {
    ConstantArgument by = constantArgument(divisor);
    for (uint32_t number :
         {0U, 1U, divisor - 1, divisor, divisor / 2 * 3, 0x7ffffffeU, 0x7fffffffU})
      if (number <= 0x7fffffff)
        CHECK_MESSAGE(quotient(number, by) == number / divisor, number << " / " << divisor);
  }
  CHECK(test::holds("quotients", 20000, [] {
    uint32_t divisor = *rc::gen::inRange<uint32_t>(1, 1U << *rc::gen::inRange(1, 32));
    uint32_t near = *rc::gen::inRange<uint32_t>(0, 0x80000000 / divisor) * divisor;
    ConstantArgument by = constantArgument(divisor);
    for (uint32_t number : {near, near + divisor - 1, near - (near > 0)})
      if (number <= 0x7fffffff)
        RC_ASSERT(quotient(number, by) == number / divisor);
  }));
}

TEST_CASE("a constant that is no divisor is passed without one, and no more are passed than there "
          "is room") {
  for (int64_t value : {int64_t{0}, int64_t{-5}, int64_t{1} << 31, INT64_MIN}) {
    ConstantArgument passed = constantArgument(value);
    CHECK(passed.value == value);
    CHECK(passed.multiplier == 0);
    CHECK(passed.shift == 0);
  }
  std::vector<int64_t> constants(passedConstants + 3, 7);
  KernelArguments arguments{};
  passConstants(constants, arguments);
  CHECK(arguments.constant[passedConstants - 1].value == 7);
  passConstants({}, arguments);
  CHECK(arguments.constant[0].value == 0);
  CHECK(arguments.constant[passedConstants - 1].multiplier == 0);
}
