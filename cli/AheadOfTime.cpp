#include "cli/AheadOfTime.h"

#include "autotune/Digest.h"
#include "autotune/KeyOf.h"
#include "cli/AtomicFile.h"
#include "cli/CompilerOptions.h"
#include "cli/EmbeddedSource.h"
#include "cli/PlanDocument.h"
#include "cli/ScheduleOption.h"
#include "kernels/Assembler.h"
#include "kernels/TunedSchedule.h"
#include "runtime/CpuFeatures.h"

#include <chrono>
#include <filesystem>

namespace halftone::cli {
namespace {

/// One image to be made.
struct Part {
  Target target;
  bool isPtx; ///< for the driver to compile
};

struct File {
  std::string name, bytes;
};

/// The targets, and PTX of the newest GPU target for GPUs that are newer still. Code with an 'a'
/// runs on exactly one architecture, so its PTX is that of the target without.
Result<std::vector<Part>> partsOf(const std::vector<Target> &targets) {
  std::vector<Part> parts;
  const Target *newest = nullptr;
  for (const Target &target : targets) {
    parts.push_back({target, false});
    if (target.isGpu() && (!newest || target.computeCapability >= newest->computeCapability))
      newest = &target;
  }
  if (!newest)
    return parts;
  Result<Target> plain = Target::parse(fmt::format("sm_{}", newest->computeCapability));
  if (!plain)
    return plain.error();
  parts.push_back({*plain, true});
  return parts;
}

const char *extensionOf(Image::Kind kind) {
  return kind == Image::Kind::Cubin ? "cubin" : kind == Image::Kind::Ptx ? "ptx" : "o";
}

/// The folder, made before anything is compiled; removed again, if it was not there before, unless
/// it is kept.
class Folder {
public:
  explicit Folder(std::string path) : path(std::move(path)) {}
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;
  ~Folder() {
    std::error_code ignored;
    if (isNew && !isKept)
      std::filesystem::remove(path, ignored); // NOLINT(bugprone-unused-return-value)
  }
  Status make() {
    std::error_code failure;
    isNew = std::filesystem::create_directory(path, failure);
    return failure ? unwritable(path, failure.message()) : Status();
  }
  void keep() { isKept = true; }

private:
  std::string path;
  bool isNew = false, isKept = false;
};

/// All of it, on the way to the folder.
class Package {
public:
  Package(Console &console, const AheadOfTime &options, const ChosenProblem &chosen)
      : console(console), options(options), chosen(chosen) {
    const AttentionShape &shape = chosen.problem.shape();
    source.name = options.name;
    source.problem = chosen.problem.text();
    source.what = fmt::format(
        "Attention, pattern {}: {} queries, {} keys, {} heads, head dim {}, {}.", chosen.name,
        chosen.problem.query().tokenCount(), chosen.problem.key().tokenCount(), shape.heads,
        shape.headDim, elementName(shape.element));
  }

  Status add(const Part &part);
  Status write();

private:
  Result<TunedSchedule> scheduleFor(const Target &target);

  Console &console;
  const AheadOfTime &options;
  const ChosenProblem &chosen;
  std::string ptxasVersion = "none"; ///< of the GPU targets
  ConfigurationStore store;
  EmbeddedSource source;
  std::vector<File> files;
  nlohmann::ordered_json images = nlohmann::ordered_json::array();
};

Result<TunedSchedule> Package::scheduleFor(const Target &target) {
  Result<Assembler> assembler = Assembler::of(target, nullptr, options.compiler.ptxas);
  if (!assembler)
    return assembler.error();
  if (target.isGpu())
    ptxasVersion = assembler->version;
  if (options.tuned && options.schedule.empty())
    return TunedSchedule::onAnyDevice(chosen.problem, target, assembler->version, store);
  Result<Schedule> schedule = chooseSchedule(options.schedule, chosen.problem, target);
  if (!schedule)
    return schedule.error();
  bool isDefault = options.schedule.empty();
  return TunedSchedule{*schedule, isDefault, isDefault ? "default schedule" : "given schedule"};
}

Status Package::add(const Part &part) {
  const Target &target = part.target;
  Result<TunedSchedule> schedule = scheduleFor(target);
  if (!schedule)
    return schedule.error();
  CompileOptions compiler = options.compiler;
  if (part.isPtx)
    compiler.ptxas = "none";
  if (!target.isGpu())
    compiler.entry = options.name + "_cpu";
  auto start = std::chrono::steady_clock::now();
  Result<Compiled> compiled = compile(chosen.problem, schedule->schedule, target, compiler);
  if (!compiled)
    return compiled.error();
  double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const Image &image = *compiled->image;
  // Without a ptxas the target itself is PTX already.
  for (const EmbeddedImage &one : source.images)
    if (one.image.target == image.target && one.image.kind == image.kind)
      return {};
  Result<Plan> plan = makePlan(chosen.problem, image);
  if (!plan)
    return plan.error();

  nlohmann::ordered_json entry = reportImage(console, image, milliseconds);
  console.document["targets"].push_back(entry);
  entry.erase("compileMs");
  std::string base = fmt::format("{}.{}", options.name, image.target);
  entry["from"] = schedule->reason;
  entry["planFormat"] = image.planFormat;
  entry["file"] = fmt::format("{}.{}", base, extensionOf(image.kind));
  entry["plan"] = fmt::format("{}.{}.plan.json", base, extensionOf(image.kind));
  files.push_back({entry["file"], {image.bytes.begin(), image.bytes.end()}});
  files.push_back({entry["plan"], planDocument(*plan, image)});
  if (options.tuned || !schedule->isDefault)
    console.line("  {}", schedule->reason);

  EmbeddedImage embedded{image, image.target, {}};
  if (image.kind == Image::Kind::Ptx)
    embedded.label += "_ptx";
  if (!target.isGpu()) {
    embedded.cpuFeatures = hostCpuFeatures();
    entry["cpuFeatures"] = embedded.cpuFeatures;
  }
  images.push_back(std::move(entry));
  source.images.push_back(std::move(embedded));
  return {};
}

Status Package::write() {
  files.push_back({options.name + ".h", source.header()});
  files.push_back({options.name + ".c", source.source()});
  Toolchain toolchain = Toolchain::ofThisBuild(ptxasVersion);
  nlohmann::ordered_json manifest = {
      {"name", options.name},
      {"halftone", HALFTONE_VERSION},
      {"problem", source.problem},
      {"problemSha256", sha256(source.problem)},
      {"toolchain",
       {{"codegen", toolchain.codegen}, {"llvm", toolchain.llvm}, {"ptxas", toolchain.ptxas}}},
      {"images", images},
      {"files", nlohmann::ordered_json::object()}};
  for (const File &file : files)
    manifest["files"][file.name] = {{"bytes", file.bytes.size()}, {"sha256", sha256(file.bytes)}};
  files.push_back({options.name + ".json", manifest.dump(2) + "\n"});

  size_t bytes = 0;
  for (const File &file : files) {
    bytes += file.bytes.size();
    if (Status status =
            writeFile((std::filesystem::path(options.folder) / file.name).string(), file.bytes);
        !status)
      return status;
  }
  console.document["out"] = options.folder;
  console.document["manifest"] = manifest;
  console.line("wrote {} files, {} bytes, to {}: build {}.c with Halftone's runtime, and include "
               "{}.h",
               files.size(), bytes, options.folder, options.name, options.name);
  return {};
}

} // namespace

void imageHeading(Console &console) {
  console.line("{:<8} {:<7} {:>8} {:>8} {:>10} {:>12} {:>11} {:>9}  {}", "target", "kind", "bytes",
               "threads", "registers", "shared bytes", "spill bytes", "ms", "schedule");
}

nlohmann::ordered_json reportImage(Console &console, const Image &image, double milliseconds) {
  std::string schedule = image.schedule.text();
  console.line("{:<8} {:<7} {:>8} {:>8} {:>10} {:>12} {:>11} {:>9.0f}  {}", image.target,
               imageKindName(image.kind), image.bytes.size(), image.threads, image.registers,
               image.sharedBytes, image.spillBytes, milliseconds, schedule);
  return {{"target", image.target},         {"kind", imageKindName(image.kind)},
          {"entry", image.entry},           {"schedule", schedule},
          {"bytes", image.bytes.size()},    {"threads", image.threads},
          {"registers", image.registers},   {"sharedBytes", image.sharedBytes},
          {"spillBytes", image.spillBytes}, {"scratchBytes", image.scratchBytes},
          {"compileMs", milliseconds}};
}

Status compileAhead(Console &console, const AheadOfTime &options, const ChosenProblem &chosen) {
  if (!isCIdentifier(options.name))
    return misuse(fmt::format("--name `{}` cannot begin the names of C functions", options.name),
                  "use letters, digits and _, a letter first");
  Result<std::vector<Part>> parts = partsOf(options.targets);
  if (!parts)
    return parts.error();
  Folder folder(options.folder);
  if (Status status = folder.make(); !status)
    return status;
  console.document = {{"targets", nlohmann::ordered_json::array()}};
  imageHeading(console);
  Package package(console, options, chosen);
  for (const Part &part : *parts)
    if (Status status = package.add(part); !status)
      return status;
  folder.keep();
  return package.write();
}

} // namespace halftone::cli
