#include "cli/Plot.h"

#include <doctest/doctest.h>

using namespace halftone::cli;

TEST_CASE("a linear axis has round numbers at its ends and between") {
  Axis axis = Axis::linear(0, 17.3);
  CHECK(axis.ticks() == std::vector<double>{0, 5, 10, 15, 20});
  CHECK(axis.low() == 0);
  CHECK(axis.high() == 20);
  CHECK(axis.share(5) == doctest::Approx(0.25));
  CHECK(axis.share(-1) == 0);
  CHECK(axis.share(21) == 1);
  CHECK(Axis::linear(0, 100).ticks() == std::vector<double>{0, 20, 40, 60, 80, 100});
}

TEST_CASE("a logarithmic axis goes by ones, twos and fives, or by tens where it is long") {
  Axis axis = Axis::logarithmic(0.3, 7);
  CHECK(axis.low() == doctest::Approx(0.2));
  CHECK(axis.high() == doctest::Approx(10));
  REQUIRE(axis.ticks().size() == 6);
  CHECK(axis.share(0.2) == 0);
  CHECK(axis.share(1.4142135) == doctest::Approx(0.5));

  Axis wide = Axis::logarithmic(2e-3, 4e4);
  CHECK(wide.low() == doctest::Approx(2e-3));
  CHECK(wide.high() == doctest::Approx(5e4));
  REQUIRE(wide.ticks().size() == 7);
  CHECK(wide.ticks().front() == doctest::Approx(0.01));
}

TEST_CASE("every axis holds what it was made for, also one value") {
  for (double low : {1e-6, 0.03, 0.99, 1.0, 77.15, 1e5})
    for (double factor : {1.0, 1.001, 1.3, 3.9, 4.0, 90.0, 1e7})
      for (const Axis &axis :
           {Axis::linear(low, low * factor), Axis::logarithmic(low, low * factor),
            Axis::spreading(low, low * factor)}) {
        CAPTURE(low);
        CAPTURE(factor);
        CHECK(axis.low() <= low * (1 + 1e-9));
        CHECK(axis.high() >= low * factor * (1 - 1e-9));
        CHECK(axis.high() > axis.low());
        CHECK(axis.ticks().size() >= 2);
        CHECK(axis.ticks().size() <= 12);
      }
}

TEST_CASE("the labels of a plot are escaped") {
  Plot plot;
  std::string frame = plot.frame("a & \"b\"", "x < 1", "y > 2");
  CHECK(frame.find("aria-label=\"a &amp; &quot;b&quot;\"") != std::string::npos);
  CHECK(frame.find(">x &lt; 1<") != std::string::npos);
  CHECK(frame.find(">y &gt; 2<") != std::string::npos);
  CHECK(plot.tickX(0, "<").find(">&lt;<") != std::string::npos);
}
