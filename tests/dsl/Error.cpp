#include "dsl/Error.h"

#include <doctest/doctest.h>

using namespace halftone;

TEST_CASE("an error is one line: where, what, nearest fix") {
  Where where;
  where.file = "/home/someone/src/clip.cpp";
  where.line = 12;
  where.column = 4;
  CHECK(misuse("it is wrong", "do it right", where).text() ==
        "clip.cpp:12: it is wrong; do it right");
  CHECK(misuse("it is wrong", "", where).text() == "clip.cpp:12: it is wrong");
  CHECK(misuse("it is wrong", "do it right").text() == "it is wrong; do it right");
  CHECK(misuse("it is wrong", "do it right", Where::inText(7)).text() ==
        "column 7: it is wrong; do it right");
}

TEST_CASE("error codes are the documented exit codes") {
  CHECK(int(misuse("").code) == 2);
  CHECK(int(unsupported("").code) == 3);
  CHECK(int(ErrorCode::NoDevice) == 4);
  CHECK(int(ErrorCode::CompileFailed) == 5);
  CHECK(int(ErrorCode::NoCandidate) == 6);
  CHECK(int(fileError("").code) == 7);
}

TEST_CASE("a result holds a value or an error, a status nothing or an error") {
  Result<int> value = 3, failure = misuse("no");
  REQUIRE(value);
  CHECK(*value == 3);
  REQUIRE_FALSE(failure);
  CHECK(failure.error().message == "no");
  CHECK(Status());
  Status status = misuse("no");
  REQUIRE_FALSE(status);
  CHECK(status.error().message == "no");
}

TEST_CASE("a place is known by its line, or by its column in a text") {
  CHECK_FALSE(Where().isKnown());
  CHECK(Where().text().empty());
  CHECK(Where::inText(1).isKnown());
  CHECK(Where(std::source_location::current()).text() == "Error.cpp:" + std::to_string(__LINE__));
}
