#include "cli/AtomicFile.h"
#include "cli/Commands.h"
#include "cli/FrameDensity.h"
#include "cli/OptionValues.h"
#include "cli/Picture.h"
#include "cli/ProblemOptions.h"
#include "cli/RunLengths.h"
#include "dsl/TileMap.h"

#include <algorithm>
#include <cmath>

namespace halftone::cli {
namespace {

struct MaskOptions {
  ProblemOptions problem;
  std::string out;
  int64_t head = 0, batch = 0, pixels = 0;
};

/// Writes a picture of the format that the file's extension names.
Status writePicture(const BlockMask &mask, const std::string &title, int64_t pixels,
                    const std::string &path) {
  bool pbm = path.ends_with(".pbm"), png = path.ends_with(".png"), svg = path.ends_with(".svg");
  if (!pbm && !png && !svg)
    return misuse(fmt::format("`{}` is a picture of no known format", path),
                  "name a file that ends in .pbm, .png or .svg");
  auto file = AtomicFile::create(path);
  if (!file)
    return file.error();
  Sink sink = [&](std::string_view bytes) { file->write(bytes); };
  if (pbm)
    writePbm(mask, sink);
  else if (svg)
    writeSvg(mask, title, sink);
  else if (Status status = writePng(mask, pixels ? int(pixels) : pngPixels(mask), sink); !status)
    return status;
  return file->commit();
}

std::string bar(double share) {
  std::string text;
  for (long i = 0; i < std::lround(share * 40); ++i)
    text += "▄";
  return text;
}

/// Up to about 32 distances as bars; all of them are in the document.
void printDensities(Console &console, const std::vector<double> &densities) {
  if (densities.empty())
    return;
  console.line("density by distance between frames:");
  size_t step = (densities.size() + 31) / 32;
  for (size_t distance = 0; distance < densities.size(); distance += distance < 4 ? 1 : step)
    console.line("  {:>4}  {:>6.2f}%  {}", distance, 100 * densities[distance],
                 bar(densities[distance]));
}

void printRunLengths(Console &console, const std::vector<int64_t> &counts) {
  console.line("runs of kept blocks by length:");
  int64_t most = *std::max_element(counts.begin(), counts.end());
  for (size_t power = 0; power < counts.size(); ++power) {
    int64_t from = int64_t(1) << power, to = 2 * from - 1;
    console.line("  {:>9}  {:>8}  {}", from == to ? "1" : fmt::format("{}-{}", from, to),
                 counts[power], bar(double(counts[power]) / double(most)));
  }
}

Result<int> runMask(const MaskOptions &options, Console &console) {
  auto chosen = options.problem.choose(console, Element::BF16);
  if (!chosen)
    return chosen.error();
  const Problem &problem = chosen->problem;
  const AttentionShape &shape = problem.shape();
  if (options.head < 0 || options.head >= shape.heads)
    return misuse(fmt::format("--head {}: the problem has {} heads", options.head, shape.heads),
                  fmt::format("name one of 0 to {}", shape.heads - 1));
  if (options.batch < 0 || options.batch >= shape.batch)
    return misuse(
        fmt::format("--of-batch {}: the problem has {} batch elements", options.batch, shape.batch),
        fmt::format("name one of 0 to {}", shape.batch - 1));
  if (options.pixels < 0 || options.pixels > 64)
    return misuse(fmt::format("--pixels {} is not 1 to 64", options.pixels), "leave it out");

  BlockMask mask = chosen->blockMask(options.batch, options.head);
  int64_t kept = mask.keptBlocks(), all = mask.queryBlocks * mask.keyBlocks;
  if (kept == 0)
    return misuse("the pattern keeps nothing", "a comparison may be the wrong way round");
  int64_t pairs = keptPairs(problem, options.batch, options.head);
  double allPairs = double(problem.query().tokenCount()) * double(problem.key().tokenCount());
  std::vector<double> densities = densityByFrameDistance(mask, problem.query(), problem.key());
  std::vector<int64_t> lengths = runLengths(mask);
  std::string text = problem.pattern().text();

  if (!options.out.empty())
    if (Status status = writePicture(mask, text, options.pixels, options.out); !status)
      return status.error();

  console.document = {{"pattern", chosen->name},
                      {"where", text},
                      {"hash", fmt::format("{:016x}", problem.pattern().hash())},
                      {"layout", problem.query().text()},
                      {"tokens", problem.query().tokenCount()},
                      {"block", mask.block},
                      {"queryBlocks", mask.queryBlocks},
                      {"keyBlocks", mask.keyBlocks},
                      {"keptBlocks", kept},
                      {"runs", mask.runs.size()},
                      {"blockDensity", double(kept) / double(all)},
                      {"keptPairs", pairs},
                      {"density", double(pairs) / allPairs},
                      {"densityByFrameDistance", densities},
                      {"runsByPowerOfTwo", lengths}};
  if (!options.out.empty())
    console.document["out"] = options.out;

  if (options.out.empty() && !console.json)
    console.raw(textPicture(mask, std::min(Console::columns(), 66), Console::colour()));
  console.line("pattern {}: {}", chosen->name, text);
  console.line("layout  {}, {} tokens", problem.query().text(), problem.query().tokenCount());
  console.line("blocks  {} of {} x {} kept ({:.2f}%) in {} runs, {} tokens a block", kept,
               mask.queryBlocks, mask.keyBlocks, 100 * double(kept) / double(all), mask.runs.size(),
               mask.block);
  console.line("pairs   {} of {:.0f} kept ({:.2f}%)", pairs, allPairs,
               100 * double(pairs) / allPairs);
  printDensities(console, densities);
  printRunLengths(console, lengths);
  if (!options.out.empty())
    console.line("wrote   {}", options.out);
  return 0;
}

} // namespace

Action addMaskCommand(CLI::App &app) {
  auto options = std::make_shared<MaskOptions>();
  options->problem.declare(app);
  addText(app, "--out", options->out, "Write the picture to a .pbm, .png or .svg file")
      ->type_name("FILE");
  addWhole(app, "--head", options->head, "The head to draw");
  addWhole(app, "--of-batch", options->batch, "The batch element to draw");
  addWhole(app, "--pixels", options->pixels, "Pixels a block in a PNG (0: as small masks need)");
  app.footer(R"(Examples:
  halftone mask --preset wan2.1-14b:1280x768x69 --pattern radial --rounding reference
  halftone mask --frames 18 --tokens-per-frame 3840 --pattern radial --rounding reference \
      --decay 0.2 --block 128 --sink --out mask.pbm
  halftone mask --frames 21 --height 45 --width 80 \
      --where "k.frame == 0 | abs(q.frame - k.frame) <= 1" --out mask.svg)");
  return [options](Console &console) { return runMask(*options, console); };
}

} // namespace halftone::cli
