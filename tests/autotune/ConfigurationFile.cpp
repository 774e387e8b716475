#include "autotune/ConfigurationFile.h"

#include "autotune/Digest.h"
#include "tests/autotune/SampleConfiguration.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

using namespace halftone;
using namespace halftone::test;
using Json = nlohmann::json;

namespace {

std::string goldenBytes() {
  std::ifstream file(HALFTONE_SOURCE_DIR "/tests/golden/configurations.json", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The message that a file is refused with.
std::string refusal(const std::string &bytes) {
  Result<std::vector<Configuration>> read = readConfigurations(bytes);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::File);
  CHECK(read.error().fix == "give one that `halftone cache export` wrote");
  const std::string beginning = "not a file of Halftone configurations: ";
  REQUIRE(read.error().message.starts_with(beginning));
  return read.error().message.substr(beginning.size());
}

/// The golden file with its first configuration changed, and the digest right again.
template <typename Change> std::string changed(Change change) {
  Json document = Json::parse(goldenBytes());
  Json &configuration = document["configurations"][0];
  change(configuration);
  if (configuration.is_object() && configuration.contains("sha256")) {
    Json rest = configuration;
    rest.erase("sha256");
    configuration["sha256"] = sha256(rest.dump());
  }
  return document.dump();
}

} // namespace

TEST_CASE("what is written reads back, and is what the golden file has") {
  Configuration one = sampleConfiguration(24);
  Result<std::string> bytes = writeConfigurations({one, sampleConfiguration(40)});
  REQUIRE(bytes);
  CHECK(*bytes == goldenBytes());
  Result<std::vector<Configuration>> all = readConfigurations(*bytes);
  REQUIRE_MESSAGE(all, all.error().message);
  REQUIRE(all->size() == 2);
  const Configuration &back = all->front();
  CHECK(back.key == one.key);
  CHECK(back.problem == one.problem);
  CHECK(back.best.schedule == one.best.schedule);
  CHECK(back.best.medianMilliseconds == one.best.medianMilliseconds);
  CHECK(back.best.spreadMilliseconds == one.best.spreadMilliseconds);
  REQUIRE(back.runnersUp.size() == 2);
  CHECK(back.runnersUp[1].schedule == one.runnersUp[1].schedule);
  CHECK(back.defaultScheduleMilliseconds == one.defaultScheduleMilliseconds);
  CHECK(back.device == one.device);
  CHECK(back.driver == one.driver);
  CHECK(back.smClockMHz == one.smClockMHz);
  CHECK(back.memoryClockMHz == one.memoryClockMHz);
  CHECK(back.timings == one.timings);
  CHECK(back.when == one.when);
  Result<std::string> none = writeConfigurations({});
  REQUIRE(none);
  REQUIRE(readConfigurations(*none));
  CHECK(readConfigurations(*none)->empty());
}

TEST_CASE("a file may be laid out in another way, and an entry may not") {
  Result<std::string> entry = writeConfigurations({sampleConfiguration()});
  REQUIRE(entry);
  std::string hash = sampleKey().hash(), tight = Json::parse(*entry).dump();
  CHECK(readEntry(*entry, hash));
  CHECK(readConfigurations(tight));
  CHECK_FALSE(readEntry(tight, hash));
  CHECK_FALSE(readEntry(*entry, sampleKey(24).hash()));
  CHECK_FALSE(readEntry(goldenBytes(), hash)); // two configurations
}

TEST_CASE("what is no file of configurations is refused, with the place") {
  CHECK(refusal("").find("unexpected end of input") != std::string::npos);
  CHECK(refusal("halftone-image 1\n").starts_with("parse error at line 1, column 1"));
  CHECK(refusal("{}").starts_with("Missing required property '"));
  CHECK(refusal("[]") == "Value type not permitted by 'type' constraint");
  auto newer = readConfigurations(R"({"format": "halftone-configurations", "version": 2})");
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == ErrorCode::Unsupported);
  CHECK(newer.error().text() ==
        "a file of Halftone configurations of version 2; this Halftone reads "
        "version 1; export it with the same Halftone as this one");
  CHECK(
      refusal(
          R"({"format": "halftone-configurations", "version": "\u001b[2J", "configurations": []})") ==
      "version: it holds a control character");
  CHECK(refusal(R"({"format": "x", "version": 1, "configurations": []})").starts_with("format: "));
  CHECK(refusal(std::string(100000, '[')).find("unexpected end of input") != std::string::npos);
  CHECK(refusal(std::string(100000, '[') + std::string(100000, ']')) ==
        "it is more than 64 levels deep");
  std::string deep;
  for (int i = 0; i < 100000; ++i)
    deep += "{\"a\":";
  CHECK(refusal(deep + "1" + std::string(100000, '}')) == "it is more than 64 levels deep");
  CHECK(refusal(std::string((16 << 20) + 1, ' ')) == "it is larger than 16 MiB");
  // The file's own bytes do not go to a terminal.
  CHECK(refusal("\"\x9b\"") ==
        "parse error at line 1, column 2: syntax error while parsing value - "
        "invalid string: ill-formed UTF-8 byte");
  CHECK(refusal("1e400").find("number overflow") != std::string::npos);
}

TEST_CASE("what a configuration may not hold is refused, with the place") {
  auto with = [](const std::string &pointer, const Json &value) {
    return refusal(changed([&](Json &c) { c[Json::json_pointer(pointer)] = value; }));
  };
  auto at = [](const std::string &message) { return message.substr(0, message.find(": ")); };
  const std::string first = "configurations[0]";
  CHECK(at(with("/best/medianMilliseconds", "fast")) == first + ".best.medianMilliseconds");
  CHECK(at(with("/best/medianMilliseconds", -1)) == first + ".best.medianMilliseconds");
  CHECK(at(with("/best/medianMilliseconds", nullptr)) == first + ".best.medianMilliseconds");
  CHECK(at(with("/runnersUp/1/spreadMilliseconds", -1)) ==
        first + ".runnersUp[1].spreadMilliseconds");
  CHECK(at(with("/key/heads", 1.5)) == first + ".key.heads");
  CHECK(at(with("/key/heads", int64_t(1) << 40)) == first + ".key.heads");
  CHECK(at(with("/key/element", "f64")) == first + ".key.element");
  CHECK(at(with("/key/target", "")) == first + ".key.target");
  CHECK(at(with("/key/target", std::string(1 << 20, 'x'))) == first + ".key.target");
  CHECK(at(with("/key/pattern", std::string(1 << 20, '0'))) == first + ".key.pattern");
  CHECK(at(with("/when", "yesterday")) == first + ".when");
  CHECK(with("/device", "\x1b]0;title\x07") == first + ".device: it holds a control character");
  CHECK(with("/problem", "line\nline") == first + ".problem: it holds a control character");
  CHECK(with("/\x1b[2J", 1) == first + ": the name of a field holds a control character");
  CHECK(with("/key/" + std::string(201, 'x'), 1) ==
        first + ".key: the name of a field has 201 bytes");
  // Nothing that the schema does not have: no path, no command, no code.
  CHECK(with("/image", "/tmp/a.cubin").find("'image'") != std::string::npos);
  CHECK(with("/key/library", "a.so").find("'library'") != std::string::npos);
  CHECK(refusal(changed([](Json &c) { c["key"].erase("l2Bytes"); })).find("'l2Bytes'") !=
        std::string::npos);
  CHECK(refusal(changed([](Json &c) { c.erase("sha256"); })).find("'sha256'") != std::string::npos);
  CHECK(at(refusal(changed([](Json &c) { c["runnersUp"] = Json::array_t(33, c["best"]); }))) ==
        first + ".runnersUp");
  CHECK(with("/best/schedule", "tileQ=0") == "configuration 0: its schedule is not one: column 7: "
                                             "tileQ=0 is out of range; use 1..1024");
}

TEST_CASE("a changed configuration is damaged, even where it means something") {
  Json document = Json::parse(goldenBytes());
  document["configurations"][1]["best"]["medianMilliseconds"] = 1;
  CHECK(refusal(document.dump()) == "configuration 1: its sha256 does not match");
}

TEST_CASE("a runner-up that only a newer version knows is left out") {
  Result<std::vector<Configuration>> read = readConfigurations(
      changed([](Json &c) { c["runnersUp"][0]["schedule"] = "tileQ=128 telepathy=1"; }));
  REQUIRE(read);
  CHECK(read->front().runnersUp.size() == 1);
}

TEST_CASE("the time") {
  std::string now = timeNow();
  CHECK(now.size() == 20);
  CHECK(now.substr(0, 2) == "20");
  CHECK(now.back() == 'Z');
}
