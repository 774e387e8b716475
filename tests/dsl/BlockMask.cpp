#include "dsl/BlockMask.h"

#include "dsl/Reference.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"
#include "tests/dsl/Sha256.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace halftone;

namespace {

struct Golden {
  std::string name;
  Layout layout;
  RadialParameters parameters;
  int64_t kept;
  std::string sha256;
  bool hasFile;
};

/// tests/golden/manifest.json.
const Golden goldens[] = {
    {"wan21_69f_768p",
     Layout::frames(18, 3840),
     {1, 5, 128, true},
     83728,
     "e29c4e3a352cbf87f0f0c7f51d1cbd1d2b45aa48abfc10904c3d0b2817769fae",
     true},
    {"hunyuan_117f_768p",
     Layout::frames(30, 3840, 256),
     {19, 20, 128, false},
     226056,
     "2bc50f2ed6094034e7952bc2ab9045e2e3ec2b7a2033553f080d22a9872d87a7",
     true},
    {"wan21_81f_480p",
     Layout::frames(21, 1560),
     {1, 5, 128, true},
     22534,
     "7abce463e9218373223817aacaed0681b8a15e5e3212313c24b8bd29330f19be",
     true},
    {"hunyuan_509f_720p",
     Layout::frames(128, 3600, 256),
     {1, 1, 128, false},
     1424564,
     "58939261a102bb95b9f7b85e30755588a8fba26577dbbc0e9f71590f627e8043",
     false},
    {"small_6f_256_b64",
     Layout::frames(6, 256),
     {1, 2, 64, true},
     470,
     "6a7446ccd9cb8c625a9a212c7b16ef731ec122506721383620ad8e8642a5d974",
     true},
    {"small_12f_1024_b128",
     Layout::frames(12, 1024, 128),
     {1, 2, 128, false},
     5245,
     "d11e20472b5f73e359c2f4080c1f82072483393c631e3bc458923ebc48e17f44",
     true},
};

/// The mask as a binary PBM (docs/radial.md).
std::string pbm(const BlockMask &mask) {
  std::string text =
      "P4\n" + std::to_string(mask.keyBlocks) + " " + std::to_string(mask.queryBlocks) + "\n";
  for (int64_t query = 0; query < mask.queryBlocks; ++query) {
    std::string row((mask.keyBlocks + 7) / 8, 0);
    for (uint32_t i = mask.rowStart[query]; i < mask.rowStart[query + 1]; ++i)
      for (uint32_t key = mask.runs[i].begin; key < mask.runs[i].end; ++key)
        row[key / 8] |= char(0x80 >> key % 8);
    text += row;
  }
  return text;
}

/// Runs of a row are sorted, disjoint, and do not touch.
bool isWellFormed(const BlockMask &mask) {
  if (int64_t(mask.rowStart.size()) != mask.queryBlocks + 1 || mask.rowStart[0] != 0 ||
      mask.rowStart.back() != mask.runs.size())
    return false;
  for (int64_t row = 0; row < mask.queryBlocks; ++row)
    for (uint32_t i = mask.rowStart[row]; i < mask.rowStart[row + 1]; ++i)
      if (mask.runs[i].begin >= mask.runs[i].end || mask.runs[i].end > mask.keyBlocks ||
          (i > mask.rowStart[row] && mask.runs[i].begin <= mask.runs[i - 1].end))
        return false;
  return true;
}

} // namespace

TEST_CASE("SHA-256 is that of the standard") {
  CHECK(test::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the reference radial mask is the published one, bit for bit") {
  for (const Golden &golden : goldens) {
    CAPTURE(golden.name);
    BlockMask mask = radialBlockMask(golden.layout, golden.parameters);
    CHECK(isWellFormed(mask));
    CHECK(mask.keptBlocks() == golden.kept);
    std::string text = pbm(mask);
    CHECK(test::sha256(text) == golden.sha256);
    if (!golden.hasFile)
      continue;
    std::ifstream file(HALFTONE_SOURCE_DIR "/tests/golden/" + golden.name + ".pbm",
                       std::ios::binary);
    CHECK(text == std::string(std::istreambuf_iterator<char>(file), {}));
  }
}

TEST_CASE("the radial mask in closed form is the rule cell by cell") {
  CHECK(test::holds("radial mask", 150, [] {
    Layout layout = Layout::frames(*rc::gen::inRange(1, 9), *rc::gen::inRange(1, 160),
                                   *rc::gen::inRange(0, 40));
    RadialParameters parameters{*rc::gen::inRange(0, 30), 10, *rc::gen::inRange(1, 140),
                                *rc::gen::arbitrary<bool>()};
    double decay = double(parameters.decayNumerator) / 10;
    Pattern pattern = radialBlocks(decay, parameters.block, parameters.sink);
    BlockMask mask = radialBlockMask(layout, pattern.node()->radial);
    RC_ASSERT(isWellFormed(mask));
    PatternWalk walk(pattern, layout, layout);
    for (int64_t query = 0; query < mask.queryBlocks; ++query)
      for (int64_t key = 0; key < mask.keyBlocks; ++key)
        RC_ASSERT(mask.kept(query, key) == walk.keeps(0, 0, query * mask.block, key * mask.block));
  }));
}

TEST_CASE("thinned frames at many distances, and windows wider than a frame") {
  for (int64_t frames : {40, 70})
    for (auto [numerator, denominator] : {std::pair<int64_t, int64_t>{1, 5}, {100, 1}, {0, 1}}) {
      Layout layout = Layout::frames(frames, 72, 5);
      Pattern pattern = radialBlocks(double(numerator) / double(denominator), 64, false);
      BlockMask mask = radialBlockMask(layout, pattern.node()->radial);
      PatternWalk walk(pattern, layout, layout);
      int64_t different = 0;
      for (int64_t query = 0; query < mask.queryBlocks; ++query)
        for (int64_t key = 0; key < mask.keyBlocks; ++key)
          different += mask.kept(query, key) != walk.keeps(0, 0, query * 64, key * 64);
      CHECK(different == 0);
    }
}

TEST_CASE("a rounded pattern keeps a block if any, or all, of its pairs are kept") {
  CHECK(test::holds("rounded masks", 400, [] {
    Layout layout = test::RandomTree::layout();
    Pattern pattern = test::RandomTree{.defined = true}.pattern(3);
    RC_PRE(bool(attention(layout, {.heads = 2}).where(pattern).check()));
    Rounding rounding = *rc::gen::element(Rounding::Any, Rounding::All);
    int64_t block = *rc::gen::inRange(1, 40);
    BlockMask mask = roundedBlockMask(layout, layout, pattern, rounding, block, 0, 1);
    RC_ASSERT(isWellFormed(mask));
    PatternWalk walk(pattern, layout, layout);
    int64_t tokens = layout.tokenCount();
    for (int64_t i = 0; i < mask.queryBlocks; ++i)
      for (int64_t j = 0; j < mask.keyBlocks; ++j) {
        bool any = false, all = true;
        for (int64_t q = i * block; q < std::min(tokens, (i + 1) * block); ++q)
          for (int64_t k = j * block; k < std::min(tokens, (j + 1) * block); ++k) {
            bool kept = walk.keeps(0, 1, q, k);
            any |= kept;
            all &= kept;
          }
        RC_ASSERT(mask.kept(i, j) == (rounding == Rounding::Any ? any : all));
      }
  }));
}
