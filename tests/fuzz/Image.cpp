// The bytes of a compiled image, as read from the cache, an AOT folder or a caller's memory.

#include "runtime/Image.h"
#include "dsl/Parse.h"
#include "runtime/Plan.h"
#include "tests/fuzz/Require.h"
#include "tests/fuzz/Target.h"

#include <array>
#include <string>

namespace halftone::fuzz {
namespace {

constexpr std::string_view checksumWord = "checksum ";
constexpr size_t checksumBytes = 9 + 16 + 1;

/// The same bytes with the size of the code and the checksum made right, which no fuzzer guesses
/// and anyone can compute.
std::string mended(std::string_view input) {
  if (input.size() >= checksumBytes &&
      input.substr(input.size() - checksumBytes).starts_with(checksumWord))
    input.remove_suffix(checksumBytes);
  std::string text(input);
  constexpr std::string_view codeWord = "\ncode ";
  if (size_t code = text.find(codeWord); code != text.npos) {
    size_t number = code + codeWord.size();
    if (size_t end = text.find('\n', number); end != text.npos)
      text.replace(number, end - number, std::to_string(text.size() - end - 1));
  }
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : text)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  text += checksumWord;
  for (int shift = 60; shift >= 0; shift -= 4)
    text += "0123456789abcdef"[hash >> shift & 15];
  return text + "\n";
}

/// Small problems, some of which the images of the corpus are for.
const std::array<Problem, 3> &problems() {
  auto problem = [](const char *fields) {
    return *parseProblem("attention query=sequence(64) batch=1 heads=2 head_dim=64 " +
                         std::string(fields));
  };
  static const std::array<Problem, 3> all{
      problem("element=f32 lse=1 where k.index <= q.index"),
      problem("element=bf16 lse=1 where k.index <= q.index"),
      problem("element=f16 lse=0 softcap=50 bias=(q.index - k.index; 0.5) where true")};
  return all;
}

bool read(std::string_view input) {
  Result<Image> image = readImage(input);
  if (!image) {
    requirePrintable(image.error(), input);
    return false;
  }
  std::vector<char> written = writeImage(*image);
  std::string_view text(written.data(), written.size());
  Result<Image> back = readImage(text);
  require(back && writeImage(*back) == written, "an image reads back to the same bytes", text);
  if (Status status = image->checkPlanFormat(); !status)
    requirePrintable(status.error(), input);
  for (const Problem &problem : problems()) {
    Status serves = image->serves(problem);
    if (!serves) {
      requirePrintable(serves.error(), input);
      continue;
    }
    Result<Plan> plan = makePlan(problem, *image);
    require(plan && plan->coveredPairs >= plan->keptPairs, "an image that serves has a plan", text);
  }
  return true;
}

} // namespace

bool feed(std::string_view input) {
  bool accepted = read(input);
  return read(mended(input)) || accepted;
}

} // namespace halftone::fuzz
