#include "cli/HostTensor.h"

#include "dsl/Elements.h"
#include "tests/cli/ScratchFolder.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace halftone;
using namespace halftone::cli;

namespace {

float through(Element element, float value) {
  char bytes[4];
  storeElement(element, bytes, 0, value);
  return loadElement(element, bytes, 0);
}

} // namespace

TEST_CASE("elements are rounded to nearest, ties to even") {
  CHECK(through(Element::F32, 0.1f) == 0.1f);
  CHECK(through(Element::BF16, 1.0f) == 1.0f);
  CHECK(through(Element::BF16, 1.0f + 0x1p-8f) == 1.0f);            // a tie, down to even
  CHECK(through(Element::BF16, 1.0f + 3 * 0x1p-8f) == 1 + 0x1p-6f); // a tie, up to even
  CHECK(through(Element::BF16, 1.0f + 0x1.2p-8f) == 1 + 0x1p-7f);
  CHECK(through(Element::BF16, std::numeric_limits<float>::max()) == HUGE_VALF);
  CHECK(through(Element::F16, 1.0f + 0x1p-11f) == 1.0f);
  CHECK(through(Element::F16, 65504.0f) == 65504.0f);
  CHECK(through(Element::F16, 65520.0f) == HUGE_VALF);
  CHECK(through(Element::F16, 0x1p-24f) == 0x1p-24f);
  for (Element element : {Element::F32, Element::F16, Element::BF16}) {
    CHECK(through(element, -HUGE_VALF) == -HUGE_VALF);
    CHECK(std::isnan(through(element, std::numeric_limits<float>::quiet_NaN())));
    // A NaN whose set bits all lie in the half that is cut off.
    CHECK(std::isnan(through(element, std::bit_cast<float>(0x7f800001))));
  }
}

TEST_CASE("random values depend on the seed and the position only") {
  HostTensor a = HostTensor::random(Element::F32, AxisOrder::Bshd, 2, 5, 3, 8, 1, 0);
  HostTensor b = HostTensor::random(Element::F32, AxisOrder::Bhsd, 2, 5, 3, 8, 1, 0);
  for (int64_t batch = 0; batch < 2; ++batch)
    for (int64_t head = 0; head < 3; ++head)
      CHECK(a.head(batch, head) == b.head(batch, head));
  CHECK(a.bytes != HostTensor::random(Element::F32, AxisOrder::Bshd, 2, 5, 3, 8, 2, 0).bytes);
  CHECK(a.bytes != HostTensor::random(Element::F32, AxisOrder::Bshd, 2, 5, 3, 8, 1, 1).bytes);
  CHECK(a.converted(Element::BF16).bytes ==
        HostTensor::random(Element::BF16, AxisOrder::Bshd, 2, 5, 3, 8, 1, 0).bytes);
}

TEST_CASE("random values have mean 0 and deviation 1") {
  HostTensor tensor = HostTensor::random(Element::F32, AxisOrder::Bshd, 1, 1000, 1, 64, 7, 0);
  double sum = 0, squares = 0;
  for (double value : tensor.head(0, 0)) {
    sum += value;
    squares += value * value;
  }
  CHECK(std::fabs(sum / 64000) < 0.02);
  CHECK(std::fabs(squares / 64000 - 1) < 0.03);
}

TEST_CASE("tensors are read in either axis order") {
  ScratchFolder scratch;
  std::string bytes;
  for (float value : {0.f, 1.f, 2.f, 3.f, 4.f, 5.f})
    bytes.append(reinterpret_cast<const char *>(&value), 4);
  SafetensorsTensor tensors[] = {{"q", Element::F32, {1, 3, 2, 1}, bytes},
                                 {"flat", Element::F32, {6}, bytes},
                                 {"empty", Element::F32, {1, 0, 2, 1}, {}}};
  REQUIRE(writeSafetensors(scratch.path("a"), tensors));
  auto file = SafetensorsFile::open(scratch.path("a"));
  REQUIRE(file);
  auto bshd = HostTensor::read(*file, "q", AxisOrder::Bshd);
  REQUIRE(bshd);
  CHECK(bshd->tokens == 3);
  CHECK(bshd->head(0, 1) == std::vector<double>{1, 3, 5});
  auto bhsd = HostTensor::read(*file, "q", AxisOrder::Bhsd);
  REQUIRE(bhsd);
  CHECK(bhsd->heads == 3);
  CHECK(bhsd->head(0, 1) == std::vector<double>{2, 3});
  CHECK(HostTensor::read(*file, "flat", AxisOrder::Bshd).error().message ==
        "tensor `flat` has 1 axes, not the four of [batch, token, head, depth]");
  CHECK(HostTensor::read(*file, "empty", AxisOrder::Bshd).error().message ==
        "tensor `empty` has the shape [1, 0, 2, 1]");
}
