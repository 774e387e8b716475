#include "autotune/Key.h"

#include "autotune/Digest.h"
#include "autotune/KeyOf.h"
#include "dsl/Parse.h"
#include "tests/autotune/SampleConfiguration.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

using namespace halftone;
using namespace halftone::test;

namespace {

/// `key` with the one field changed.
Key mutated(Key key, std::string_view name) {
  visitKey(key,
           {[&](std::string_view field, std::string &value) { value += field == name ? "x" : ""; },
            [&](std::string_view field, int64_t &value) { value += field == name; },
            [&](std::string_view field, bool &value) { value ^= field == name; }});
  return key;
}

const Hardware h200{"sm_90", 132, 232448, 52428800};
const Toolchain tools{"0.1.0.1", "22.1.8", "13.0.88"};

Key keyOfText(const char *text) {
  Result<Problem> problem = parseProblem(text);
  REQUIRE(problem);
  return keyOf(*problem, "sm_90a", h200, tools, "l2=warm launch=stream");
}

} // namespace

TEST_CASE("SHA-256 is SHA-256") {
  // FIPS 180-2, appendix B.
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(isSha256(sha256("")));
  CHECK_FALSE(isSha256("abc"));
  CHECK_FALSE(isSha256(std::string(63, 'a') + "A"));
}

TEST_CASE("every field changes the key, and each in its own way") {
  Key key = sampleKey();
  std::set<std::string> hashes{key.hash()};
  std::vector<KeyField> fields = keyFields(key);
  CHECK(fields.size() == 21);
  for (const KeyField &field : fields) {
    Key other = mutated(key, field.name);
    CAPTURE(field.name);
    CHECK(other != key);
    CHECK(hashes.insert(other.hash()).second);
    REQUIRE(differences(key, other).size() == 1);
    CHECK(differences(key, other).front().field == field.name);
    CHECK(distance(key, other) > 0);
  }
}

TEST_CASE("the fields are all there are") {
  // Whoever adds a field to Key adds it to its table: this is the size of one without padding that
  // could hide it (11 texts, 9 numbers, one flag).
  CHECK(sizeof(Key) == 12 * sizeof(std::string) + 8 * sizeof(int64_t) + sizeof(int64_t));
}

TEST_CASE("one key, one hash, forever") {
  CHECK(sampleKey().text() ==
        "halftone-tuning-key\n"
        "pattern 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
        "score plain\n"
        "queryShape frames=20 tokensPerFrame=3584 text=0\n"
        "keyShape frames=20 tokensPerFrame=3584 text=0\n"
        "batch 1\nheads 40\nkvHeads 40\nheadDim 128\nelement bf16\nlse 0\n"
        "strides tokenMajor\nschema 1\ncodegen 0.1.0.1\nllvm 22.1.8\n"
        "ptxas 13.0.88\ntarget sm_90a\narchitecture sm_90\n"
        "multiprocessors 132\nsharedBytes 232448\nl2Bytes 52428800\n"
        "policy l2=warm launch=stream\n");
  CHECK(sampleKey().hash() == "d8b9bab3d083e5b1edda19516bcb3a285a4ef1c946cfca78b824bf06c4a3829c");
  Key radial = keyOfText("attention query=video(frames=21, height=45, width=80) heads=40 "
                         "head_dim=128 element=bf16 where "
                         "radialBlocks(decay=0.2, block=128, sink=1)");
  CHECK(radial.pattern == sha256("radialBlocks(decay=0.2, block=128, sink=1)"));
  CHECK(radial.hash() == "05be6769b2f1480f5010a809ff3f817c3327b5001775d59b715103bebd0346a0");
}

TEST_CASE("architectures that differ by a letter or a digit never meet") {
  std::set<std::string> hashes;
  for (const char *target : {"sm_90", "sm_90a", "sm_120", "sm_121"})
    for (const char *architecture : {"sm_90", "sm_120", "sm_121"}) {
      Key key = sampleKey();
      key.target = target;
      key.architecture = architecture;
      CHECK(hashes.insert(key.hash()).second);
      if (key != sampleKey())
        CHECK(std::isinf(distance(sampleKey(), key)));
    }
}

TEST_CASE("no value of one field reads as another field") {
  Key one = sampleKey(), other = sampleKey();
  one.llvm = "22\nptxas 13";
  one.ptxas = "";
  other.llvm = "22";
  other.ptxas = "13\nptxas ";
  CHECK(one.hash() != other.hash());
  one.llvm = "a\\nb";
  other.llvm = "a\nb";
  one.ptxas = other.ptxas;
  CHECK(one.hash() != other.hash());
}

TEST_CASE("the key of a problem says what the problem is") {
  const char *base =
      "attention query=video(frames=21, height=45, width=80) heads=40 head_dim=128 where "
      "abs(q.frame - k.frame) <= 1";
  Key key = keyOfText(base);
  CHECK(key.score == "plain");
  CHECK(key.kvHeads == 40);
  CHECK(key.element == "bf16");
  CHECK(key.queryShape == "frames=20 tokensPerFrame=3584 text=0");
  CHECK(key.strides == "tokenMajor");
  // What is written in another way, and what is nearly as long, is the same.
  CHECK(
      keyOfText(
          "attention heads=40 head_dim=128 query=video(frames=21,height=45,width=80,text=0) where "
          "(abs(q.frame-k.frame)<=1)") == key);
  CHECK(
      keyOfText("attention query=video(frames=22, height=45, width=80) heads=40 head_dim=128 where "
                "abs(q.frame - k.frame) <= 1") == key);
  // The scale is run-time data.
  CHECK(keyOfText(
            "attention query=video(frames=21, height=45, width=80) heads=40 head_dim=128 scale=0.5 "
            "where abs(q.frame - k.frame) <= 1") == key);

  auto onlyField = [&key](const char *text) {
    std::vector<KeyDifference> found = differences(key, keyOfText(text));
    std::string names;
    for (const KeyDifference &difference : found)
      names += (names.empty() ? "" : " ") + std::string(difference.field);
    return names;
  };
#define SHAPE "query=video(frames=21, height=45, width=80) heads=40 head_dim=128"
#define WHERE " where abs(q.frame - k.frame) <= 1"
  CHECK(onlyField("attention " SHAPE " where abs(q.frame - k.frame) <= 2") == "pattern");
  CHECK(onlyField("attention " SHAPE " softcap=50" WHERE) == "score");
  CHECK(onlyField("attention " SHAPE " bias=(abs(q.index - k.index); 0.5)" WHERE) == "score");
  CHECK(onlyField("attention " SHAPE " kv_heads=8" WHERE) == "kvHeads");
  CHECK(onlyField("attention " SHAPE " lse=1" WHERE) == "lse");
  CHECK(onlyField("attention " SHAPE " element=f16" WHERE) == "element");
  CHECK(onlyField("attention " SHAPE " batch=2" WHERE) == "batch");
  CHECK(onlyField(
            "attention query=video(frames=84, height=45, width=80) heads=40 head_dim=128" WHERE) ==
        "queryShape keyShape");
#undef SHAPE
#undef WHERE
}

TEST_CASE("the version of ptxas, from what it prints") {
  CHECK(ptxasVersion("ptxas: NVIDIA (R) Ptx optimizing assembler\nCopyright (c) 2005-2025\n"
                     "Built on Wed_Aug_20_01:55:12_PM_PDT_2025\n"
                     "Cuda compilation tools, release 13.0, V13.0.88\nBuild cuda_13.0.r13.0\n") ==
        "13.0.88");
  CHECK(ptxasVersion("no\nversion") == "no version");
}

TEST_CASE("what this machine is") {
  Hardware cpu = Hardware::of(Device::cpu());
  CHECK(cpu.architecture.starts_with("x86_64:"));
  CHECK(cpu.multiprocessors >= 1);
  Toolchain here = Toolchain::ofThisBuild("none");
  CHECK(here.llvm.starts_with("22.1"));
  CHECK_FALSE(here.codegen.empty());
}

TEST_CASE("distances order what is nearest") {
  Key key = sampleKey();
  auto with = [&key](auto change) {
    Key other = key;
    change(other);
    return distance(key, other);
  };
  CHECK(with([](Key &) {}) == 0);
  double halfHeads = with([](Key &other) { other.heads = 20; });
  CHECK(halfHeads == doctest::Approx(1));
  CHECK(halfHeads < with([](Key &other) { other.heads = 10; }));
  CHECK(with([](Key &other) { other.llvm = "23"; }) == 1);
  CHECK(with([](Key &other) { other.policy = "l2=flushed"; }) == 4);
  CHECK(std::isinf(with([](Key &other) { other.headDim = 64; })));
  CHECK(std::isinf(with([](Key &other) { other.pattern = sha256(""); })));
  CHECK(std::isinf(with([](Key &other) { other.queryShape = "segments=2 tokens=128"; })));
}
