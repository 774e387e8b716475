#include "kernels/KernelCache.h"

#include "autotune/ImageKey.h"
#include "autotune/ImageStore.h"
#include "codegen/Compile.h"
#include "kernels/Assembler.h"
#include "kernels/Build.h"
#include "kernels/OnceCache.h"
#include "kernels/ProblemIdentity.h"
#include "kernels/TunedSchedule.h"

#include <algorithm>

namespace halftone {
namespace {

/// Code kept in memory: some 100 KiB each.
constexpr size_t mostImages = 64;

/// What decides which kernel is meant. A target and a schedule are given together, or not at all.
struct Request {
  Problem problem;
  Device device;
  bool tuned = false;
  std::optional<Schedule> schedule;
  std::string target;
  size_t hash = 0;

  Request(const Problem &problem, const Device &device)
      : problem(problem), device(device), hash(hashOf(problem)) {}

  bool operator==(const Request &other) const {
    return hash == other.hash && device.details() == other.device.details() &&
           tuned == other.tuned && schedule == other.schedule && target == other.target &&
           sameProblem(problem, other.problem);
  }
};

struct HashOfRequest {
  size_t operator()(const Request &request) const { return request.hash; }
};

} // namespace

struct KernelCache::State {
  explicit State(Options given)
      : options(std::move(given)), kernels(options.capacity), codes(mostImages),
        images(options.location), configurations(options.location) {}

  Options options;
  OnceCache<Request, MadePointer, HashOfRequest> kernels;
  OnceCache<std::string, Compiled> codes; ///< by ImageKey::text
  ImageStore images;
  ConfigurationStore configurations;

  Result<Compiled> code(const Problem &problem, const Schedule &schedule, const Target &target,
                        const Assembler &assembler);
  Result<Compiled> compileNow(const Problem &problem, const Schedule &schedule,
                              const Target &target, const Assembler &assembler) const;
  Result<MadePointer> kernel(const Problem &problem, const Schedule &schedule, const Target &target,
                             const Device &device);
  Result<MadePointer> load(const Problem &problem, const Schedule &schedule, const Target &target,
                           const Device &device);
  Result<MadePointer> kernelForDevice(const Request &request);
};

Result<Compiled> KernelCache::State::compileNow(const Problem &problem, const Schedule &schedule,
                                                const Target &target,
                                                const Assembler &assembler) const {
  if (options.onCompile)
    options.onCompile(target, schedule);
  CompileOptions compiler;
  compiler.ptxas = assembler.ptxas;
  return compile(problem, schedule, target, compiler);
}

Result<Compiled> KernelCache::State::code(const Problem &problem, const Schedule &schedule,
                                          const Target &target, const Assembler &assembler) {
  Result<ImageKey> key =
      ImageKey::of(problem, schedule, target.name, Toolchain::ofThisBuild(assembler.version));
  if (!key)
    return key.error();
  return codes.get(key->text, [&]() -> Result<Compiled> {
    // The CPU's code is linked as it is compiled, and is for this processor alone.
    if (!target.isGpu())
      return compileNow(problem, schedule, target, assembler);
    std::string hash = key->hash();
    if (std::optional<Image> kept = images.get(hash); kept && kept->serves(problem)) {
      Compiled compiled;
      compiled.image = std::make_shared<const Image>(std::move(*kept));
      return compiled;
    }
    Result<Compiled> compiled = compileNow(problem, schedule, target, assembler);
    if (compiled)
      images.put(hash, *compiled->image);
    return compiled;
  });
}

Result<KernelCache::MadePointer> KernelCache::State::load(const Problem &problem,
                                                          const Schedule &schedule,
                                                          const Target &target,
                                                          const Device &device) {
  if (Status status = problem.check(); !status)
    return status.error();
  if (target.isGpu() != device.isGpu())
    return misuse("code for " + target.name + " does not run on the device " + device.name(),
                  "use the target of the device (targetOf)");
  Result<Assembler> assembler = Assembler::of(target, &device, options.ptxas);
  if (!assembler)
    return assembler.error();
  Result<Compiled> compiled = code(problem, schedule, target, *assembler);
  if (!compiled)
    return compiled.error();
  Result<Kernel> kernel = device.isGpu() ? Kernel::load(compiled->image, problem, device)
                                         : Kernel::onCpu(compiled->image, problem,
                                                         compiled->cpuEntry, compiled->keepAlive);
  if (!kernel)
    return kernel.error();
  return std::make_shared<const Made>(Made{std::move(*kernel), "given schedule"});
}

Result<KernelCache::MadePointer> KernelCache::State::kernel(const Problem &problem,
                                                            const Schedule &schedule,
                                                            const Target &target,
                                                            const Device &device) {
  Request request(problem, device);
  request.schedule = schedule;
  request.target = target.name;
  return kernels.get(request, [&] { return load(problem, schedule, target, device); });
}

/// Chooses the schedule, and shares the kernel of whoever names that one.
Result<KernelCache::MadePointer> KernelCache::State::kernelForDevice(const Request &request) {
  const Problem &problem = request.problem;
  const Device &device = request.device;
  Result<Target> target = targetOf(device);
  if (!target)
    return target.error();
  if (Status status = problem.check(); !status)
    return status.error();
  TunedSchedule chosen{defaultSchedule(problem, *target), true, "default schedule"};
  if (request.tuned) {
    Result<Assembler> assembler = Assembler::of(*target, &device, options.ptxas);
    if (!assembler)
      return assembler.error();
    chosen =
        TunedSchedule::of(problem, *target, device, assembler->versionOn(device), configurations);
  }
  Result<MadePointer> made = kernel(problem, chosen.schedule, *target, device);
  if (!made && !chosen.isDefault) {
    // A configuration may come from another machine, or from a file that somebody wrote.
    chosen.reason =
        "default schedule: " + chosen.reason + "; its schedule fails: " + made.error().message;
    made = kernel(problem, defaultSchedule(problem, *target), *target, device);
  }
  if (!made)
    return made;
  return std::make_shared<const Made>(Made{(*made)->kernel, std::move(chosen.reason)});
}

KernelCache::KernelCache(Options options) : state(std::make_unique<State>(std::move(options))) {}
KernelCache::~KernelCache() = default;

KernelCache &KernelCache::ofThisProcess() {
  // Never destroyed: at exit the driver may be gone before the kernels.
  static auto *const cache = new KernelCache(Options());
  return *cache;
}

Result<KernelCache::MadePointer> KernelCache::build(const Problem &problem, const Device &device) {
  if (hasMistake(problem))
    if (Status status = problem.check(); !status)
      return status.error();
  Request request(problem, device);
  return state->kernels.get(request, [&] { return state->kernelForDevice(request); });
}

Result<KernelCache::MadePointer> KernelCache::build(const Problem &problem,
                                                    const Schedule &schedule, const Target &target,
                                                    const Device &device) {
  if (hasMistake(problem))
    if (Status status = problem.check(); !status)
      return status.error();
  return state->kernel(problem, schedule, target, device);
}

Result<KernelCache::MadePointer> KernelCache::tuned(const Problem &problem, const Device &device) {
  if (hasMistake(problem))
    if (Status status = problem.check(); !status)
      return status.error();
  Request request(problem, device);
  request.tuned = true;
  return state->kernels.get(request, [&] { return state->kernelForDevice(request); });
}

Result<std::shared_ptr<const Image>>
KernelCache::image(const Problem &problem, const Schedule &schedule, const Target &target) {
  if (Status status = problem.check(); !status)
    return status.error();
  Result<Assembler> assembler = Assembler::of(target, nullptr, state->options.ptxas);
  if (!assembler)
    return assembler.error();
  Result<Compiled> compiled = state->code(problem, schedule, target, *assembler);
  if (!compiled)
    return compiled.error();
  return compiled->image;
}

void KernelCache::clear() {
  state->kernels.clear();
  state->codes.clear();
}

std::vector<std::string> KernelCache::takeWarnings() {
  std::vector<std::string> warnings = state->configurations.takeWarnings();
  // The two have the folder in common, and some of their trouble.
  for (std::string &warning : state->images.takeWarnings())
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
      warnings.push_back(std::move(warning));
  return warnings;
}

} // namespace halftone
