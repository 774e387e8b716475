#include "runtime/Kernel.h"

#include "runtime/CpuKernel.h"
#include "runtime/DevicePlan.h"
#include "runtime/KeptPairs.h"
#include "runtime/LoadedImage.h"
#include "runtime/PassedConstants.h"
#include "runtime/TensorCheck.h"
#include "runtime/TensorMaps.h"

#include <algorithm>
#include <limits>

namespace halftone {
namespace {

/// The mma targets copy 16 bytes at a time, and so does the copy engine of sm_90.
constexpr int64_t gpuAlignment = 16;

TensorArgument argument(const TensorView &tensor) {
  return {tensor.data, tensor.batchStride, tensor.headStride, tensor.tokenStride};
}

} // namespace

TensorView packedTokenMajor(void *data, int64_t tokens, int64_t heads, int64_t headDim) {
  return {data, tokens * heads * headDim, heads * headDim, headDim};
}

TensorView packedHeadMajor(void *data, int64_t tokens, int64_t heads, int64_t headDim) {
  return {data, tokens * heads * headDim, headDim, tokens * headDim};
}

struct Kernel::State {
  State(std::shared_ptr<const Image> image, Problem problem)
      : image(std::move(image)), problem(std::move(problem)) {}

  std::shared_ptr<const Image> image;
  Problem problem;
  Plan plan;
  KernelArguments arguments{}; ///< all but the tensors, which a launch fills in a copy

  CpuKernel cpu; ///< entry is null on a GPU
  std::shared_ptr<const LoadedImage> gpu;
  std::shared_ptr<const DevicePlan> devicePlan;
  std::shared_ptr<const KeptPairs> keptPairs; ///< of images whose plans have pages of them
  TensorMapCache tensorMaps;                  ///< of gathered stages

  /// Makes the plan and the arguments that do not change between launches.
  Status prepare();
  Status launch(KernelArguments &launched, cuda::Stream stream) const;
};

Status Kernel::State::prepare() {
  if (Status status = image->serves(problem); !status)
    return status;
  Result<Plan> made = makePlan(problem, *image);
  if (!made)
    return made.error();
  plan = std::move(*made);
  if (plan.work.size() > size_t(std::numeric_limits<int32_t>::max()))
    return unsupported("the problem has " + std::to_string(plan.work.size()) +
                           " query tiles, and a launch may have 2147483647",
                       "split the batch");

  if (image->planFormat == Image::wholeTilesFormat &&
      std::any_of(plan.work.begin(), plan.work.end(),
                  [](const WorkItem &item) { return item.partial != 0; }))
    return Error{ErrorCode::Internal,
                 "the plan has tiles to mask, and the image '" + image->entry + "' masks none",
                 {},
                 "report this with the problem's text"};
  arguments.work = plan.work.data();
  arguments.stages = plan.stages.data();
  arguments.constants = plan.constants.data();
  arguments.tables = plan.tables.data();
  arguments.slopes = plan.slopes.data();
  passConstants(plan.constants, arguments);
  const AttentionShape &shape = problem.shape();
  arguments.queryLength = uint32_t(problem.query().tokenCount());
  arguments.keyLength = uint32_t(problem.key().tokenCount());
  arguments.lseHeadStride = arguments.queryLength;
  arguments.lseBatchStride = shape.heads * arguments.lseHeadStride;
  arguments.scale = float(problem.scale());
  arguments.softcap = float(problem.softcap().value_or(0));
  arguments.headsPerKvHead = uint32_t(shape.heads / problem.kvHeads());
  arguments.heads = uint32_t(shape.heads);
  arguments.workCount = uint32_t(plan.work.size());
  if (gpu) {
    Result<std::shared_ptr<const DevicePlan>> uploaded = DevicePlan::upload(plan, gpu->device());
    if (!uploaded)
      return uploaded.error();
    devicePlan = *uploaded;
    devicePlan->pointTo(arguments);
  }
  if (gpu && image->planFormat == Image::keptPairsFormat) {
    Result<std::shared_ptr<const KeptPairs>> kept =
        KeptPairs::evaluate(*gpu, *image, plan, arguments);
    if (!kept)
      return kept.error();
    keptPairs = *kept;
    arguments.kept = keptPairs->pages();
  }
  return {};
}

Result<Kernel> Kernel::load(std::shared_ptr<const Image> image, const Problem &problem,
                            const Device &device) {
  if (image->kind == Image::Kind::Object)
    return unsupported("an object image holds code of the host, which a linker must load",
                       "link it into the program and pass its function to Kernel::onCpu");
  if (!device.isGpu())
    return misuse("the image is for " + image->target + ", and the device is the cpu",
                  "load it on a GPU, or compile for the cpu target");
  // What does not fit is said before anything is loaded.
  if (Status status = image->serves(problem); !status)
    return status.error();
  auto state = std::make_shared<State>(std::move(image), problem);
  Result<std::shared_ptr<const LoadedImage>> loaded = LoadedImage::load(state->image, device);
  if (!loaded)
    return loaded.error();
  state->gpu = *loaded;
  if (Status status = state->prepare(); !status)
    return status.error();
  return Kernel(std::move(state));
}

Result<Kernel> Kernel::onCpu(std::shared_ptr<const Image> image, const Problem &problem,
                             CpuEntry entry, std::shared_ptr<void> keepAlive, unsigned threads) {
  if (!entry)
    return misuse("the CPU kernel has no function: the entry is null",
                  "pass the compiled function");
  if (image->kind != Image::Kind::Object)
    return misuse("the image is for " + image->target + ", not for the cpu",
                  "use Kernel::load on a GPU");
  auto state = std::make_shared<State>(std::move(image), problem);
  state->cpu = {entry, std::move(keepAlive), ThreadPool::ofWidth(threads),
                state->image->scratchBytes};
  if (Status status = state->prepare(); !status)
    return status.error();
  return Kernel(std::move(state));
}

Result<Kernel> Kernel::replan(const Problem &problem) const {
  auto next = std::make_shared<State>(state->image, problem);
  next->cpu = state->cpu;
  next->gpu = state->gpu;
  if (Status status = next->prepare(); !status)
    return status.error();
  return Kernel(std::move(next));
}

Status Kernel::operator()(TensorView q, TensorView k, TensorView v, TensorView o, float *lse,
                          void *stream) const {
  int64_t alignment = state->gpu ? gpuAlignment : elementBytes(state->problem.shape().element);
  if (Status status = checkTensors(state->problem, alignment, q, k, v, o, lse); !status)
    return status;
  KernelArguments launched = state->arguments;
  launched.q = argument(q);
  launched.k = argument(k);
  launched.v = argument(v);
  launched.o = argument(o);
  launched.lse = state->problem.shape().lse ? lse : nullptr;
  if (!state->gpu)
    return state->cpu.run(launched);
  return state->launch(launched, static_cast<cuda::Stream>(stream));
}

Status Kernel::State::launch(KernelArguments &launched, cuda::Stream stream) const {
  const Device::Properties &properties = *gpu->device().details();
  ContextScope scope(*properties.driver, properties.context);
  if (!scope.status())
    return scope.status();
  TensorMaps maps; // kernels of tiles read the first parameter alone
  if (image->planFormat != Image::tilesFormat) {
    Result<TensorMaps> encoded =
        tensorMaps.get(*properties.driver, launched, problem, image->schedule);
    if (!encoded)
      return encoded.error();
    maps = *encoded;
  }
  auto parameters = launchParameters(launched, maps);
  cuda::Status status =
      properties.driver->launchKernel(gpu->function(), launched.workCount, 1, 1, image->threads, 1,
                                      1, image->sharedBytes, stream, parameters.data(), nullptr);
  if (status == cuda::success)
    return {};
  return properties.driver->error(status, "launch '" + image->entry + "'");
}

const Image &Kernel::image() const { return *state->image; }
const Plan &Kernel::plan() const { return state->plan; }
const Problem &Kernel::problem() const { return state->problem; }
size_t Kernel::workspaceBytes() const {
  return (state->devicePlan ? state->devicePlan->bytes() : 0) +
         (state->keptPairs ? state->keptPairs->bytes() : 0);
}

} // namespace halftone
