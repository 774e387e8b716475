#include "cli/Safetensors.h"

#include "tests/cli/ScratchFolder.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace halftone;
using namespace halftone::cli;

namespace {

std::string file(uint64_t length, const std::string &rest) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + rest;
}

std::string refusal(const ScratchFolder &scratch, const std::string &bytes) {
  scratch.write("bad", bytes);
  auto opened = SafetensorsFile::open(scratch.path("bad"));
  if (opened)
    return "accepted";
  std::string prefix = "`" + scratch.path("bad") + "`: ";
  REQUIRE(opened.error().message.starts_with(prefix));
  return opened.error().message.substr(prefix.size());
}

} // namespace

TEST_CASE("what is written is read back") {
  ScratchFolder scratch;
  std::string q = "0123456789abcdef", lse = "wxyz";
  SafetensorsTensor tensors[] = {{"q", Element::BF16, {1, 2, 2, 2}, q},
                                 {"lse", Element::F32, {1}, lse}};
  REQUIRE(writeSafetensors(scratch.path("a"), tensors));
  CHECK(scratch.read("a").size() % 8 == (16 + 4) % 8); // the header's padding
  auto opened = SafetensorsFile::open(scratch.path("a"));
  REQUIRE(opened);
  auto entry = opened->find("q");
  REQUIRE(entry);
  CHECK(entry->shape == std::vector<uint64_t>{1, 2, 2, 2});
  CHECK(*opened->element(*entry) == Element::BF16);
  std::string bytes(16, ' ');
  REQUIRE(opened->read(*entry, bytes.data()));
  CHECK(bytes == q);
  entry = opened->find("lse");
  REQUIRE(entry);
  bytes.resize(4);
  REQUIRE(opened->read(*entry, bytes.data()));
  CHECK(bytes == lse);
}

TEST_CASE("a missing tensor and a type that attention lacks") {
  ScratchFolder scratch;
  std::string header = "{\"idx\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}";
  scratch.write("a", file(header.size(), header + "12345678"));
  auto opened = SafetensorsFile::open(scratch.path("a"));
  REQUIRE(opened);
  auto missing = opened->find("q");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "`" + scratch.path("a") + "`: no tensor `q`: the file has `idx`");
  // The file's own bytes do not go to a terminal.
  header.replace(header.find("idx"), 3, "\\u001b[2J");
  scratch.write("b", file(header.size(), header + "12345678"));
  auto escape = SafetensorsFile::open(scratch.path("b"));
  REQUIRE(escape);
  CHECK(escape->find("q").error().message ==
        "`" + scratch.path("b") + "`: no tensor `q`: the file has `?[2J`");
  auto element = opened->element(*opened->find("idx"));
  REQUIRE_FALSE(element);
  CHECK(element.error().message == "`" + scratch.path("a") + "`: tensor `idx` is I64");
}

TEST_CASE("truncated and lying files") {
  ScratchFolder scratch;
  CHECK(refusal(scratch, "") == "only 0 bytes, less than the 8 of a header's length");
  CHECK(refusal(scratch, "1234567") == "only 7 bytes, less than the 8 of a header's length");
  CHECK(refusal(scratch, file(9, "{}")) ==
        "the header should have 9 bytes, but the file has 2 after its length");
  CHECK(refusal(scratch, file(UINT64_MAX, "{}")) ==
        "the header should have 18446744073709551615 bytes, but the file has 2 after its length");
  CHECK(refusal(scratch, file((16 << 20) + 1, std::string((16 << 20) + 1, ' '))) ==
        "the header has 16777217 bytes, more than the 16777216 that are read");
  CHECK(refusal(scratch, file(2, "{}x")) == "1 bytes at the end belong to no tensor");
  CHECK(refusal(scratch, file(0, "")) == "the header is not JSON at byte 1");
}

TEST_CASE("what is not a file") {
  ScratchFolder scratch;
  auto folder = SafetensorsFile::open(scratch.path("."));
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::File);
  CHECK(folder.error().message == "cannot read `" + scratch.path(".") + "`: it is a folder");
  auto missing = SafetensorsFile::open(scratch.path("none"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "cannot read `" + scratch.path("none") + "`: No such file or directory");
}
