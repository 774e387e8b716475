#include "cli/SafetensorsHeader.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::cli;

namespace {

std::string refusal(const std::string &json, uint64_t dataBytes = 16) {
  auto entries = parseSafetensorsHeader(json, dataBytes);
  if (entries)
    return "accepted";
  CHECK(entries.error().code == ErrorCode::Misuse);
  return entries.error().message;
}

std::string tensor(const std::string &name, const std::string &type, const std::string &shape,
                   const std::string &offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

} // namespace

TEST_CASE("a header is read, in the order of its data") {
  auto entries = parseSafetensorsHeader("{\"__metadata__\":{\"format\":\"pt\"}," +
                                            tensor("b", "BF16", "[2,2]", "[8,16]") + "," +
                                            tensor("a", "F32", "[2]", "[0,8]") + "}  ",
                                        16);
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].name == "a");
  CHECK((*entries)[0].type == "F32");
  CHECK((*entries)[0].shape == std::vector<uint64_t>{2});
  CHECK((*entries)[1].begin == 8);
  CHECK((*entries)[1].end == 16);
}

TEST_CASE("scalars and empty tensors are read") {
  CHECK(parseSafetensorsHeader("{" + tensor("s", "F32", "[]", "[0,4]") + "}", 4));
  CHECK(parseSafetensorsHeader("{" + tensor("e", "F32", "[0,5]", "[0,0]") + "}", 0));
  CHECK(parseSafetensorsHeader("{}", 0));
}

TEST_CASE("what a header lies about is said") {
  CHECK(refusal("{" + tensor("q", "F32", "[4]", "[0,12]") + "}", 12) ==
        "tensor `q` of type F32 and shape [4] needs 16 bytes, but has 12");
  CHECK(refusal("{" + tensor("q", "F32", "[4]", "[0,16]") + "}", 12) ==
        "tensor `q` ends at byte 16 of 12 bytes of data");
  CHECK(refusal("{" + tensor("q", "F32", "[4]", "[16,0]") + "}") ==
        "tensor `q` ends at byte 0, before it begins at 16");
  CHECK(refusal("{" + tensor("q", "F32", "[4294967296,4294967296]", "[0,16]") + "}") ==
        "tensor `q` has the shape [4294967296, 4294967296], whose size overflows 64 bits");
  // 2^62 * 4 wraps to 0: the size must not be taken for that.
  CHECK(refusal("{" + tensor("q", "F32", "[4611686018427387904]", "[0,0]") + "}", 0) ==
        "tensor `q` has the shape [4611686018427387904], whose size overflows 64 bits");
  CHECK(refusal("{" + tensor("q", "F31", "[4]", "[0,16]") + "}") ==
        "tensor `q` has the unknown type `F31`");
  CHECK(refusal("{" + tensor("a", "F32", "[2]", "[0,8]") + "," +
                tensor("b", "F32", "[3]", "[4,16]") + "}") ==
        "tensor `b` begins at byte 4, inside tensor `a`");
  CHECK(refusal("{" + tensor("a", "F32", "[1]", "[0,4]") + "," +
                tensor("b", "F32", "[2]", "[8,16]") + "}") ==
        "4 bytes before tensor `b` belong to no tensor");
  CHECK(refusal("{" + tensor("a", "F32", "[2]", "[0,8]") + "}") ==
        "8 bytes at the end belong to no tensor");
  CHECK(refusal("{" + tensor("a", "F32", "[2]", "[0,8]") + "," +
                tensor("a", "F32", "[2]", "[8,16]") + "}") == "the name `a` appears twice");
}

TEST_CASE("what is not the format is refused where it stands") {
  CHECK(refusal("") == "the header is not JSON at byte 1");
  CHECK(refusal("[]") == "the header has an array where none belongs");
  CHECK(refusal("7") == "the header has a number where none belongs");
  CHECK(refusal("{\"q\":7}") == "tensor `q` has a number where none belongs");
  CHECK(refusal("{\"q\":{\"dtype\":\"F32\",\"shape\":[4]}}") == "tensor `q` has no `data_offsets`");
  CHECK(refusal("{\"q\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}") == "tensor `q` has `dtype` twice");
  CHECK(refusal("{\"q\":{\"kind\":\"F32\"}}") == "tensor `q` has an unknown field `kind`");
  CHECK(refusal("{" + tensor("q", "F32", "[-4]", "[0,16]") + "}") ==
        "tensor `q` has the negative number -4");
  CHECK(refusal("{" + tensor("q", "F32", "[1e3]", "[0,16]") + "}") ==
        "tensor `q` has 1e3, which is not a whole number below 2^64");
  CHECK(refusal("{" + tensor("q", "F32", "[99999999999999999999]", "[0,16]") + "}") ==
        "tensor `q` has 99999999999999999999, which is not a whole number below 2^64");
  CHECK(refusal("{" + tensor("q", "F32", "[4]", "[0,8,16]") + "}") ==
        "tensor `q` has `data_offsets` that are not two numbers");
  CHECK(refusal("{" + tensor("q", "F32", "[4]", "[16]") + "}") ==
        "tensor `q` has `data_offsets` that are not two numbers");
  CHECK(refusal("{" + tensor("q", "F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]", "[0,16]") + "}") ==
        "tensor `q` has more than 16 dimensions");
  CHECK(refusal("{\"q\":null}") == "tensor `q` has a null");
  CHECK(refusal("{\"__metadata__\":{\"a\":1}}") ==
        "`__metadata__` has a number where none belongs");
  CHECK(refusal("{\"q\":{\"shape\":[true]}}") == "tensor `q` has a boolean");
  CHECK(refusal("{" + tensor("q", "F32", "[4]", "[0,16]") + "} x") ==
        "the header is not JSON at byte 57");
}

TEST_CASE("deep nesting is refused at once") {
  std::string deep(100000, '[');
  CHECK(refusal(deep) == "the header has an array where none belongs");
  std::string objects;
  for (int i = 0; i < 100000; ++i)
    objects += "{\"a\":";
  CHECK(refusal(objects) == "tensor `a` has an unknown field `a`");
  CHECK(refusal("{\"q\":{\"shape\":" + deep) == "tensor `q` has an array where none belongs");
}

TEST_CASE("names from a stranger are shown short and without control characters") {
  std::string name(1000, 'x');
  CHECK(refusal("{\"" + name + "\":7}") ==
        "tensor `" + name.substr(0, 60) + "...` has a number where none belongs");
  CHECK(refusal("{\"a\\u001b[31m\":7}") == "tensor `a?[31m` has a number where none belongs");
}

TEST_CASE("every prefix and every changed byte is read or refused, never worse") {
  std::string header =
      "{\"__metadata__\":{\"k\":\"v\"}," + tensor("q", "F32", "[2,2]", "[0,16]") + "}";
  for (size_t length = 0; length < header.size(); ++length)
    CHECK_FALSE(parseSafetensorsHeader(header.substr(0, length), 16));
  for (size_t at = 0; at < header.size(); ++at)
    for (char byte : {'\0', '"', '{', '}', '[', ']', ',', '9', '-', '\xff'}) {
      std::string changed = header;
      changed[at] = byte;
      if (auto entries = parseSafetensorsHeader(changed, 16))
        for (const SafetensorsEntry &entry : *entries)
          CHECK(entry.end <= 16);
    }
}
