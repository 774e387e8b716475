#include "runtime/Image.h"

#include "SampleImage.h"

#include <random>

using namespace halftone;

namespace {

Problem causal(int64_t tokens) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 2, .headDim = 64, .element = Element::BF16})
      .where(k.index() <= q.index());
}

std::string written(const Image &image) {
  std::vector<char> bytes = writeImage(image);
  return {bytes.begin(), bytes.end()};
}

std::string refused(std::string_view bytes) {
  Result<Image> image = readImage(bytes);
  REQUIRE_FALSE(image);
  CHECK(image.error().code == ErrorCode::File);
  return image.error().message;
}

/// The checksum line of a file whose content was changed on purpose.
std::string sealed(const std::string &content) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : content)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  char line[32];
  std::snprintf(line, sizeof(line), "checksum %016llx\n", static_cast<unsigned long long>(hash));
  return content + line;
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  REQUIRE(at != text.npos);
  text.erase(text.size() - 26);
  return sealed(text.replace(at, from.size(), to));
}

} // namespace

TEST_CASE("an image is read back as it was written") {
  Image image = *sampleImage(causal(100), Image::Kind::Cubin, "sm_90");
  image.maskShape = "two\nlines and a \\ stroke";
  image.schedule.order = WorkOrder::LongestFirst;
  image.lse = true;
  image.spillBytes = 12;
  std::string bytes = written(image);
  Result<Image> read = readImage(bytes);
  REQUIRE(read);
  CHECK(read->kind == image.kind);
  CHECK(read->target == image.target);
  CHECK(read->entry == image.entry);
  CHECK(read->bytes == image.bytes);
  CHECK(read->maskShape == image.maskShape);
  CHECK(read->element == image.element);
  CHECK(read->headDim == image.headDim);
  CHECK(read->lse == image.lse);
  CHECK(read->softcap == image.softcap);
  CHECK(read->schedule == image.schedule);
  CHECK(read->threads == image.threads);
  CHECK(read->sharedBytes == image.sharedBytes);
  CHECK(read->scratchBytes == image.scratchBytes);
  CHECK(read->registers == image.registers);
  CHECK(read->spillBytes == image.spillBytes);
  CHECK(read->planFormat == image.planFormat);
  CHECK(written(*read) == bytes);
}

TEST_CASE("the header of an image can be read by people") {
  std::string bytes = written(*sampleImage(causal(100), Image::Kind::Ptx, "sm_80"));
  CHECK(bytes.find("halftone-image 2\nkind ptx\ntarget sm_80\nentry attention\n") == 0);
  CHECK(bytes.find("\nschedule tileQ=64 tileK=32") != bytes.npos);
}

TEST_CASE("an image cut at any length is refused") {
  std::string bytes = written(*sampleImage(causal(100), Image::Kind::Cubin, "sm_80"));
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(readImage(std::string_view(bytes).substr(0, length)));
  CHECK_FALSE(readImage(bytes + "x"));
}

TEST_CASE("an image with any bit flipped is refused") {
  std::string bytes = written(*sampleImage(causal(100), Image::Kind::Cubin, "sm_80"));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = char(damaged[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(readImage(damaged));
  }
}

TEST_CASE("damage under a right checksum never crashes the reader") {
  std::string bytes = written(*sampleImage(causal(100), Image::Kind::Cubin, "sm_80"));
  bytes.erase(bytes.size() - 26);
  std::mt19937 random(7);
  int refusals = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string damaged = bytes;
    for (unsigned change = random() % 4 + 1; change > 0; --change)
      switch (size_t at = random() % damaged.size(); random() % 4) {
      case 0:
        damaged[at] = char(random());
        break;
      case 1:
        damaged.erase(at, random() % 9 + 1);
        break;
      case 2:
        damaged.insert(at, 1, "0123456789\n -\\"[random() % 14]);
        break;
      default:
        damaged.insert(at, "99999999999999999999");
      }
    if (Result<Image> image = readImage(sealed(damaged)))
      CHECK(image->bytes.size() <= damaged.size());
    else
      ++refusals;
  }
  CHECK(refusals > 1000);
}

TEST_CASE("what is wrong with an image is said") {
  std::string bytes = written(*sampleImage(causal(100), Image::Kind::Cubin, "sm_80"));
  CHECK(refused("") == "not a whole Halftone image: it does not start with 'halftone-image 2'");
  CHECK(refused("halftone-image 1\n") ==
        "not a whole Halftone image: its version is not 2, the only one that this library reads");
  CHECK(refused("halftone-image 2\n") == "not a whole Halftone image: it is cut short");
  CHECK(refused(bytes.substr(0, bytes.size() - 1)) ==
        "not a whole Halftone image: its checksum does not match");
  CHECK(refused(replaced(bytes, "\ncode 6\n", "\ncode 18446744073709551615\n")) ==
        "not a whole Halftone image: its code should have 18446744073709551615 bytes and has 6");
  CHECK(refused(replaced(bytes, "\ncode 6\n", "\ncode 18446744073709551616\n")) ==
        "not a whole Halftone image: the field 'code' is missing or not valid");
  CHECK(refused(replaced(bytes, "\nthreads 128\n", "\nthreads 4294967424\n")) ==
        "not a whole Halftone image: the field 'threads' is not valid");
  CHECK(refused(replaced(bytes, "\nlse 0\n", "\n")) ==
        "not a whole Halftone image: the field 'lse' is missing");
  CHECK(refused(replaced(bytes, "tileQ=64", "tileQ=many")) ==
        "not a whole Halftone image: the field 'schedule' is not valid");
  CHECK(refused(replaced(bytes, "\nmaskShape ", "\nmaskShape \x1b[2J")) ==
        "not a whole Halftone image: the field 'maskShape' is not valid");
}

TEST_CASE("the plan's format goes with the schedule, in the file and at use") {
  auto make = [](int gather, uint32_t format) {
    Image image = *sampleImage(causal(100), Image::Kind::Cubin, "sm_90a");
    image.schedule.gather = gather;
    image.planFormat = format;
    return image;
  };
  Image gathered = make(16, 4);
  std::string bytes = written(gathered);
  CHECK(bytes.find("\nplanFormat 4\n") != bytes.npos);
  Result<Image> read = readImage(bytes);
  REQUIRE(read);
  CHECK(read->planFormat == 4);
  CHECK(read->schedule.gather == 16);
  CHECK(read->serves(causal(4097)));

  auto text = [](const Image &image) {
    Status status = image.serves(causal(100));
    REQUIRE_FALSE(status);
    return status.error().text();
  };
  CHECK(text(make(16, 2)) == "the image takes plans of format 2, and this library makes formats 1, "
                             "4, 5 and 6; compile it again with this version");
  CHECK(text(make(16, 5)) ==
        "the image does not serve this problem: it was compiled for block masks "
        "of whole tiles, and the problem has blocks that its tiles do not "
        "divide; compile the problem, or load the image that was compiled for it");
  CHECK(text(make(16, 0)).find("the image takes plans of format 0, and") == 0);
  std::string start = "the image takes plans of format ";
  CHECK(text(make(16, 1)) == start + "1, and its schedule gathers chunks of 16 rows, which is "
                                     "format 4, 5 or 6; compile it again");
  CHECK(text(make(0, 4)) ==
        start + "4, and its schedule has key tiles of 32 rows in chunks of 0; compile it again");
  CHECK(text(make(24, 4)) ==
        start + "4, and its schedule has key tiles of 32 rows in chunks of 24; compile it again");
  Image lists = make(32, 5);
  lists.schedule.groupLists = 1;
  CHECK(text(lists) == start +
                           "5, and its schedule has key tiles of 32 rows to halve, in chunks of "
                           "32; compile it again");
  // Lists whose code evaluates masks itself, as code of format 4 once did.
  Image listsThen = make(16, 4);
  listsThen.schedule.groupLists = 1;
  CHECK(text(listsThen) == start + "4, and its schedule has stage lists by warp group, which is "
                                   "format 5 or 6; compile it again");
  CHECK(text(make(16, 6)) == start + "6, and its schedule has no stage lists by warp group, which "
                                     "is format 4 or 5; compile it again");
  gathered.schedule.tileQ = 320;
  CHECK(text(gathered) == start + "4, and its schedule has tiles of 320 x 32, and it copies at "
                                  "most 256 rows at once; compile it again");
  gathered.schedule.tileQ = 64;
  gathered.element = Element::F32;
  CHECK(text(gathered) ==
        start + "4, and its elements are f32, and it copies f16 and bf16 alone; compile it again");
}

TEST_CASE("an image serves every length and no other class") {
  auto image = sampleImage(causal(100), Image::Kind::Cubin, "sm_80");
  CHECK(image->serves(causal(100)));
  CHECK(image->serves(causal(4097)));
  CHECK(image->serves(causal(100).withScale(0.5)));

  auto message = [&](const Problem &problem) {
    Status status = image->serves(problem);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::Misuse);
    return status.error().message;
  };
  std::string start = "the image does not serve this problem: it was compiled for ";
  Layout line = Layout::sequence(100);
  auto like = [&](AttentionShape shape) { return attention(line, shape); };
  CHECK(message(like({.headDim = 64, .element = Element::F16})) ==
        start + "element bf16, and the problem has f16");
  CHECK(message(like({.headDim = 128})) == start + "head dim 64, and the problem has 128");
  CHECK(message(like({.headDim = 64, .lse = true})) == start + "lse no, and the problem has yes");
  CHECK(message(causal(100).withSoftcap(30)) == start + "softcap no, and the problem has yes");
  CHECK(message(like({.headDim = 64})).find(start + "a mask of the shape '") == 0);
}
