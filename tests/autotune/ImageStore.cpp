#include "autotune/ImageStore.h"

#include "autotune/Digest.h"
#include "autotune/ImageKey.h"
#include "dsl/Parse.h"
#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <random>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace halftone;
using namespace halftone::test;

namespace {

Image sampleImage(size_t bytes = 300, const char *target = "sm_90a") {
  Image image;
  image.target = target;
  image.entry = "attention";
  image.maskShape = "i32 mask=0";
  image.headDim = 128;
  image.threads = 384;
  for (size_t i = 0; i < bytes; ++i)
    image.bytes.push_back(char(i * 7));
  return image;
}

std::string fileOf(const std::string &hash) { return "cache/images/" + hash + ".image"; }

void setAge(const std::string &path, int seconds) {
  timespec when{::time(nullptr) - seconds, 0};
  timespec times[2] = {when, when};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

ImageKey keyOfText(const std::string &text, const char *target = "sm_90a",
                   const Schedule &schedule = {}) {
  Result<Problem> problem = parseProblem(text);
  REQUIRE(problem);
  Result<ImageKey> key = ImageKey::of(*problem, schedule, target, {"0.1.0.1", "22.1.8", "13.0.88"});
  REQUIRE(key);
  return *key;
}

} // namespace

TEST_CASE("an image comes back as it was put, from files that are the user's alone") {
  ScratchFolder scratch;
  ImageStore store(onlyUser(scratch.path("cache")));
  const std::string hash = sha256("a");
  CHECK_FALSE(store.get(hash));
  CHECK(scratch.files().empty());
  CHECK(store.put(hash, sampleImage()));
  CHECK(scratch.files() == std::vector<std::string>{fileOf(hash)});
  std::optional<Image> image = ImageStore(onlyUser(scratch.path("cache"))).get(hash);
  REQUIRE(image);
  CHECK(image->bytes == sampleImage().bytes);
  CHECK(image->target == "sm_90a");
  CHECK(image->threads == 384);

  struct stat facts;
  for (auto [name, mode] : {std::pair{std::string("cache"), 0700},
                            {std::string("cache/images"), 0700},
                            {fileOf(hash), 0600}}) {
    REQUIRE(::stat(scratch.path(name).c_str(), &facts) == 0);
    CHECK(int(facts.st_mode & 07777) == mode);
  }
  CHECK(store.takeWarnings().empty());
}

TEST_CASE("a name that is no hash names nothing") {
  ScratchFolder scratch;
  ImageStore store(onlyUser(scratch.path("cache")));
  for (const char *name : {"", "../../etc/passwd", "a", "/etc/passwd"}) {
    CHECK_FALSE(store.put(name, sampleImage()));
    CHECK_FALSE(store.get(name));
  }
  CHECK(scratch.files().empty());
}

TEST_CASE("a damaged image is never loaded") {
  ScratchFolder scratch;
  const std::string hash = sha256("a");
  ImageStore writer(onlyUser(scratch.path("cache")));
  REQUIRE(writer.put(hash, sampleImage(60)));
  const std::string good = scratch.read(fileOf(hash));
  auto check = [&](const std::string &bad) {
    scratch.write(fileOf(hash), bad);
    ::chmod(scratch.path(fileOf(hash)).c_str(), 0600);
    ImageStore store(onlyUser(scratch.path("cache")));
    REQUIRE_FALSE(store.get(hash));
    std::vector<std::string> warnings = store.takeWarnings();
    REQUIRE(warnings.size() == 1);
    REQUIRE(warnings[0] ==
            "`" + scratch.path(fileOf(hash)) + "` is not used: it is not as it was written");
  };
  for (size_t length = 0; length < good.size(); ++length)
    check(good.substr(0, length));
  check(good + "\n");
  std::mt19937 random(20261124);
  for (int i = 0; i < 10000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] ^= char(1 << random() % 8);
    check(bad);
  }
  // The image of another key, whole, under this name.
  REQUIRE(writer.put(sha256("b"), sampleImage(60)));
  check(scratch.read(fileOf(sha256("b"))));
  REQUIRE(writer.put(hash, sampleImage(60)));
  CHECK(writer.get(hash));
}

TEST_CASE("an image that somebody else may have written is not loaded") {
  ScratchFolder scratch;
  const std::string hash = sha256("a"), path = scratch.path(fileOf(hash));
  ImageStore store(onlyUser(scratch.path("cache")));
  auto refused = [&](const std::string &reason) {
    ImageStore reader(onlyUser(scratch.path("cache")));
    CHECK_FALSE(reader.get(hash));
    CHECK_FALSE(reader.get(hash));
    std::vector<std::string> warnings = reader.takeWarnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].ends_with(reason));
    REQUIRE(store.put(hash, sampleImage()));
    CHECK(reader.get(hash));
  };
  REQUIRE(store.put(hash, sampleImage()));
  ::chmod(path.c_str(), 0666);
  refused("others may write to it (mode 0666)");
  std::filesystem::rename(path, scratch.path("elsewhere"));
  std::filesystem::create_symlink(scratch.path("elsewhere"), path);
  refused("it is a link");
  if (::geteuid() == 0) {
    REQUIRE(::chown(path.c_str(), 1001, 1001) == 0);
    refused("it belongs to user 1001");
  }
  ::chmod(scratch.path("cache/images").c_str(), 0777);
  ImageStore open(onlyUser(scratch.path("cache")));
  CHECK_FALSE(open.get(hash));
  CHECK_FALSE(open.put(hash, sampleImage()));
  CHECK(open.all().empty());
  CHECK(open.takeWarnings().size() == 1);
}

TEST_CASE("what was not used for longest goes first") {
  ScratchFolder scratch;
  std::vector<std::string> hashes;
  ImageStore roomy(onlyUser(scratch.path("cache")));
  for (const char *name : {"a", "b", "c", "d"}) {
    hashes.push_back(sha256(name));
    REQUIRE(roomy.put(hashes.back(), sampleImage(10000)));
    setAge(scratch.path(fileOf(hashes.back())), 40000 - 10000 * int(hashes.size() - 1));
  }
  // The first is used again: now the second is the oldest.
  CHECK(roomy.get(hashes[0]));
  std::vector<ImageStore::Stored> all = roomy.all();
  REQUIRE(all.size() == 4);
  uint64_t bytes = all.front().bytes;
  // An interrupted writer's file of yesterday, and one of a writer that is at work.
  scratch.write("cache/images/.writing-1", "half");
  scratch.write("cache/images/.writing-2", "half");
  setAge(scratch.path("cache/images/.writing-1"), 86400);

  ImageStore tight(onlyUser(scratch.path("cache")), 3 * bytes);
  REQUIRE(tight.put(sha256("e"), sampleImage(10000)));
  CHECK(tight.all().size() == 3);
  CHECK_FALSE(tight.get(hashes[1]));
  CHECK_FALSE(tight.get(hashes[2]));
  CHECK(tight.get(hashes[0]));
  CHECK(tight.get(hashes[3]));
  CHECK(tight.get(sha256("e")));
  CHECK_FALSE(std::filesystem::exists(scratch.path("cache/images/.writing-1")));
  CHECK(std::filesystem::exists(scratch.path("cache/images/.writing-2")));

  // Both were used just now; a clock's tick may be longer than this test.
  setAge(scratch.path(fileOf(hashes[0])), 20);
  setAge(scratch.path(fileOf(hashes[3])), 10);
  Result<size_t> pruned = tight.prune(bytes);
  REQUIRE(pruned);
  CHECK(*pruned == 2);
  CHECK(tight.get(sha256("e")));
  pruned = tight.prune(0);
  REQUIRE(pruned);
  CHECK(*pruned == 1);
  CHECK(tight.all().empty());
  CHECK(tight.takeWarnings().empty());

  ImageStore tiny(onlyUser(scratch.path("cache")), 100);
  CHECK_FALSE(tiny.put(hashes[0], sampleImage(10000)));
  CHECK(tiny.takeWarnings() ==
        std::vector<std::string>{"an image of " +
                                 std::to_string(writeImage(sampleImage(10000)).size()) +
                                 " bytes is too large to be kept"});
}

TEST_CASE("without a folder nothing is kept, with one warning") {
  CacheLocation nowhere = CacheLocation::find({"", "", ""});
  ImageStore store(nowhere);
  CHECK_FALSE(store.put(sha256("a"), sampleImage()));
  CHECK_FALSE(store.get(sha256("a")));
  CHECK(store.takeWarnings() == std::vector<std::string>{nowhere.whyNoFolder});
}

TEST_CASE("an image is for a class of problems, one schedule and one build") {
  const std::string base = "attention query=sequence(4096) heads=8 head_dim=64 where "
                           "abs(q.index - k.index) <= 100";
  ImageKey key = keyOfText(base);
  CHECK(key.text.starts_with("halftone-image-key\nsources " + std::string(sourceFingerprint()) +
                             "\nllvm 22.1.8\nptxas 13.0.88\ntarget sm_90a\nhost any\n"));
  CHECK(isSha256(sourceFingerprint()));
  CHECK(isSha256(key.hash()));
  // Lengths, heads, scales and constants come at launch.
  CHECK(keyOfText("attention query=sequence(512) heads=2 head_dim=64 scale=1 where "
                  "abs(q.index - k.index) <= 7")
            .hash() == key.hash());

  std::set<std::string> hashes{key.hash()};
  auto other = [&hashes](const ImageKey &changed) { CHECK(hashes.insert(changed.hash()).second); };
  other(keyOfText(base, "sm_90"));
  other(keyOfText(base, "cpu"));
  other(keyOfText(base, "sm_90a", {.tileQ = 64}));
  other(keyOfText("attention query=sequence(4096) heads=8 head_dim=128 where "
                  "abs(q.index - k.index) <= 100"));
  other(keyOfText("attention query=sequence(4096) heads=8 head_dim=64 where "
                  "q.index - k.index <= 100"));
  for (const char *field :
       {"lse=1", "softcap=50", "element=f16", "bias=(abs(q.index - k.index); 1)"})
    other(keyOfText("attention query=sequence(4096) heads=8 head_dim=64 " + std::string(field) +
                    " where abs(q.index - k.index) <= 100"));
  // A constant that decides whether the code has a mask at all.
  const char *blocks = "attention query=sequence(4096) heads=8 head_dim=64 where "
                       "rounded(abs(q.index - k.index) <= 100, any, ";
  Schedule gathers{.tileQ = 128, .tileK = 128, .gather = 64};
  auto blocksOf = [&](const char *block) {
    return keyOfText(blocks + std::string(block) + ")", "sm_90a", gathers);
  };
  other(blocksOf("128"));
  other(blocksOf("64"));
  CHECK(blocksOf("256").hash() == blocksOf("128").hash());
  Result<Problem> problem = parseProblem(base);
  REQUIRE(problem);
  for (const Toolchain &tools :
       {Toolchain{"0.1.0.1", "22.1.9", "13.0.88"}, Toolchain{"0.1.0.1", "22.1.8", "13.1.2"}}) {
    Result<ImageKey> changed = ImageKey::of(*problem, {}, "sm_90a", tools);
    REQUIRE(changed);
    other(*changed);
  }
}
