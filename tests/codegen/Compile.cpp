// Problems to images and to every level between: deterministic, by class, from many threads.
#include "codegen/Compile.h"

#include "codegen/Ptxas.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace halftone;

namespace {

Target targetOf(std::string_view name) {
  Result<Target> target = Target::parse(name);
  REQUIRE(target);
  return *target;
}

/// Frames that lie at most `reach` apart, with a text part: a mask with division.
Problem clip(int64_t frames = 4, int64_t reach = 1) {
  Layout layout = Layout::frames(frames, 100, 7);
  auto [q, k] = layout.tokens();
  return attention(layout, {.heads = 2, .headDim = 64, .element = Element::F16})
      .where(abs(q.frame() - k.frame()) <= reach);
}

Result<std::string> emitted(const Problem &problem, std::string_view target, Level level,
                            const CompileOptions &options = {}) {
  return emit(problem, defaultSchedule(problem, targetOf(target)), targetOf(target), level,
              options);
}

std::string text(const Problem &problem, std::string_view target, Level level) {
  Result<std::string> result = emitted(problem, target, level);
  INFO((result ? std::string() : result.error().text()));
  REQUIRE(result);
  return *result;
}

std::string refusal(const Result<std::string> &result) {
  return result ? "accepted" : result.error().text();
}

bool has(const std::string &whole, std::string_view part) {
  return whole.find(part) != std::string::npos;
}

std::vector<char> imageBytes(const Problem &problem, std::string_view target) {
  Result<Compiled> compiled = compile(problem, defaultSchedule(problem, targetOf(target)),
                                      targetOf(target), {.dumpTo = "", .ptxas = "none"});
  INFO((compiled ? std::string() : compiled.error().text()));
  REQUIRE(compiled);
  return compiled->image->bytes;
}

/// An empty folder that goes with this object.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("halftone-dump-" + std::to_string(getpid()));
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  /// Names of the files in one of its folders, sorted.
  std::vector<std::string> files(const std::string &inside) const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path / inside))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
};

} // namespace

TEST_CASE("levels are known by name") {
  for (auto [name, level] : {std::pair{"attention", Level::Attention},
                             {"ht", Level::Ht},
                             {"mma", Level::Mma},
                             {"llvm", Level::Llvm},
                             {"ptx", Level::Ptx},
                             {"cubin", Level::Cubin},
                             {"sass", Level::Sass},
                             {"object", Level::Object}}) {
    Result<Level> parsed = parseLevel(name);
    REQUIRE(parsed);
    CHECK(*parsed == level);
  }
  Result<Level> unknown = parseLevel("asm");
  REQUIRE(!unknown);
  CHECK(unknown.error().code == ErrorCode::Misuse);
  CHECK(unknown.error().text() ==
        "unknown level 'asm'; use one of attention, ht, mma, hop, llvm, ptx, "
        "cubin, sass, object");
}

TEST_CASE("the CPU's levels") {
  CHECK(has(text(clip(), "cpu", Level::Attention), "ht.attention @halftone_attention"));
  std::string tiles = text(clip(), "cpu", Level::Ht);
  CHECK(has(tiles, "ht.kernel @halftone_attention"));
  CHECK(!has(tiles, "ht.attention"));
  std::string llvm = text(clip(), "cpu", Level::Llvm);
  CHECK(has(llvm, "llvm.func @halftone_attention"));
  CHECK(!has(llvm, " ht."));
  CHECK(!has(llvm, "vector."));
  CHECK(text(clip(), "cpu", Level::Object).substr(1, 3) == "ELF");
}

TEST_CASE("a GPU's levels") {
  CHECK(has(text(clip(), "sm_80", Level::Mma), "mma.multiply"));
  std::string llvm = text(clip(), "sm_80", Level::Llvm);
  CHECK(has(llvm, "llvm.func @halftone_attention"));
  CHECK(!has(llvm, " mma."));
  std::string ptx = text(clip(), "sm_86", Level::Ptx);
  CHECK(has(ptx, ".visible .entry halftone_attention"));
  CHECK(has(ptx, ".target sm_86"));
  CHECK(has(ptx, "mma.sync.aligned.m16n8k16"));
  if (Result<std::string> ptxas = findPtxas()) {
    CHECK(text(clip(), "sm_90", Level::Cubin).substr(1, 3) == "ELF");
  } else {
    MESSAGE("[SKIP] cubin: " << ptxas.error().text());
  }
}

TEST_CASE("every GPU target has PTX") {
  for (const std::string &name : Target::names())
    if (name != "cpu")
      CHECK(has(text(clip(), name, Level::Ptx), ".target " + name));
}

TEST_CASE("a target without a level says so") {
  CHECK(refusal(emitted(clip(), "cpu", Level::Ptx)) ==
        "the target cpu has no level 'ptx'; use object, or a target such as sm_80");
  CHECK(refusal(emitted(clip(), "cpu", Level::Mma)) ==
        "the target cpu has no level 'mma'; use object, or a target such as sm_80");
  CHECK(refusal(emitted(clip(), "sm_80", Level::Object)) ==
        "the target sm_80 has no level 'object'; use cubin");
}

TEST_CASE("same input, same bytes") {
  for (std::string_view target : {"cpu", "sm_80"}) {
    CAPTURE(target);
    CHECK(imageBytes(clip(), target) == imageBytes(clip(), target));
  }
}

TEST_CASE("problems of one class have one image") {
  // Other lengths, frame sizes and reaches: only run-time data differs.
  CHECK(imageBytes(clip(4, 1), "cpu") == imageBytes(clip(9, 3), "cpu"));
  CHECK(text(clip(4, 1), "sm_80", Level::Ptx) == text(clip(9, 3), "sm_80", Level::Ptx));
  Problem scaled = clip().withScale(0.5);
  CHECK(imageBytes(scaled, "cpu") == imageBytes(clip(), "cpu"));
  // Another pattern, and a softcap, are another class.
  CHECK(text(clip().withSoftcap(30), "sm_80", Level::Ptx) != text(clip(), "sm_80", Level::Ptx));
  CHECK(imageBytes(clip().where(Pattern::dense()), "cpu") != imageBytes(clip(), "cpu"));
}

TEST_CASE("an image says what it is for") {
  Problem problem = clip().withSoftcap(30);
  Schedule schedule = defaultSchedule(problem, targetOf("sm_80"));
  Result<Compiled> gpu =
      compile(problem, schedule, targetOf("sm_80"), {.dumpTo = "", .ptxas = "none"});
  REQUIRE(gpu);
  const Image &image = *gpu->image;
  CHECK(image.kind == Image::Kind::Ptx);
  CHECK(image.target == "sm_80");
  CHECK(image.entry == "halftone_attention");
  CHECK(image.element == Element::F16);
  CHECK(image.headDim == 64);
  CHECK(image.softcap);
  CHECK(!image.lse);
  CHECK(image.schedule == schedule);
  CHECK(image.threads == 128);
  // Queries, and two stages of keys and values, of 64 columns of 2 bytes.
  CHECK(image.sharedBytes == 2 * 64 * (128 + 2 * 2 * 64));
  CHECK(!gpu->cpuEntry);

  Result<Compiled> cpu = compile(problem, defaultSchedule(problem, Target::cpu()), Target::cpu());
  REQUIRE(cpu);
  CHECK(cpu->image->kind == Image::Kind::Object);
  CHECK(cpu->image->scratchBytes > 0);
  CHECK(cpu->image->maskShape == image.maskShape);
  CHECK(bool(cpu->cpuEntry));
}

TEST_CASE("a ptxas that is asked for must be there") {
  Problem problem = clip();
  Target target = targetOf("sm_80");
  Result<Compiled> compiled = compile(problem, defaultSchedule(problem, target), target,
                                      {.dumpTo = "", .ptxas = "/nonexistent/ptxas"});
  REQUIRE(!compiled);
  CHECK(has(compiled.error().message, "/nonexistent/ptxas"));
}

TEST_CASE("what cannot be compiled is refused before any code is made") {
  Target cpu = Target::cpu(), gpu = targetOf("sm_80");
  Problem badHeads = attention(Layout::sequence(64), {.heads = 3, .kvHeads = 2});
  Result<Compiled> refused = compile(badHeads, {}, cpu);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::Misuse);
  Problem f32 = attention(Layout::sequence(64), {.element = Element::F32});
  refused = compile(f32, defaultSchedule(f32, gpu), gpu);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::Unsupported);
}

TEST_CASE("a dump has every changed step, and no dump overwrites another") {
  Folder folder;
  CompileOptions options{.dumpTo = folder.path.string(), .ptxas = "none"};
  Problem problem = clip();
  Target target = targetOf("sm_80");
  for (int run = 0; run < 2; ++run) {
    Result<Compiled> compiled = compile(problem, defaultSchedule(problem, target), target, options);
    REQUIRE(compiled);
  }
  std::vector<std::string> files = folder.files("sm_80-0");
  CHECK(files == folder.files("sm_80-1"));
  REQUIRE(files.size() >= 6);
  CHECK(files[0] == "000-problem.txt");
  CHECK(files[1] == "001-import.mlir");
  CHECK(files[2] == "002-ht-tile-attention.mlir");
  CHECK(files.back().substr(4) == "kernel.ptx");
  auto holds = [&](std::string_view name) {
    return std::ranges::any_of(files,
                               [&](const std::string &file) { return file.substr(4) == name; });
  };
  CHECK(holds("ht-to-mma.mlir"));
  CHECK(holds("mma-to-nvvm.mlir"));
  CHECK(holds("ht-lower-scalars.mlir"));
  std::ifstream first(folder.path / "sm_80-0" / files[0]);
  std::stringstream content;
  content << first.rdbuf();
  CHECK(has(content.str(), problem.text()));
}

TEST_CASE("a dump into a file is refused") {
  Folder folder;
  std::filesystem::create_directories(folder.path);
  std::string file = (folder.path / "file").string();
  std::ofstream(file) << "not a folder";
  Problem problem = clip();
  Result<std::string> result = emitted(problem, "cpu", Level::Ht, {.dumpTo = file});
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::File);
}

TEST_CASE("threads compile at the same time and get the same bytes") {
  std::vector<char> expected = imageBytes(clip(), "cpu");
  std::vector<std::vector<char>> bytes(4);
  std::vector<std::thread> threads;
  for (std::vector<char> &result : bytes)
    threads.emplace_back([&result] {
      Problem problem = clip();
      Target cpu = Target::cpu();
      if (auto compiled = compile(problem, defaultSchedule(problem, cpu), cpu))
        result = compiled->image->bytes;
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::vector<char> &result : bytes)
    CHECK(result == expected);
}
