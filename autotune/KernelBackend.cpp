#include "autotune/KernelBackend.h"

#include "autotune/DeviceFacts.h"
#include "autotune/GpuFault.h"
#include "autotune/GpuSensors.h"
#include "autotune/KernelTimer.h"
#include "codegen/Compile.h"
#include "codegen/CpuJit.h"
#include "dsl/Parse.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <list>
#include <new>
#include <sstream>

namespace halftone {

namespace {

/// A loaded kernel. The last few stay, so that finalists can take turns.
struct Loaded {
  std::string image;
  WorkOrder order;
  Kernel kernel;
  bool verified = false, thoroughly = false;
};
constexpr size_t mostLoaded = 32;

class KernelBackend : public Backend {
public:
  Result<MachineFacts> open(const Task &task) override;
  CompileReport compile(const Schedule &schedule, const std::string &image) override;
  MeasureReport measure(const MeasureOrder &order) override;

private:
  Result<Kernel> load(const std::string &path, WorkOrder order) const;
  Result<Loaded *> loaded(const std::string &path, WorkOrder order);
  MeasureReport faultOf(const Error &error) const;
  MeasureReport timed(const Kernel &kernel, const MeasureOrder &order);

  Task task;
  std::optional<Problem> problem;
  Target target;
  Device device = Device::cpu();
  MachineFacts facts;
  std::optional<Workbench> bench;
  std::optional<KernelTimer> timer;
  std::optional<GpuSensors> sensors;
  std::list<Loaded> kernels; ///< the last used first
};

Result<MachineFacts> KernelBackend::open(const Task &asked) {
  task = asked;
  Result<Problem> parsed = parseProblem(task.problem);
  if (!parsed)
    return parsed.error();
  if (Status status = parsed->check(); !status)
    return status.error();
  problem = *parsed;
  Result<Target> named = Target::parse(task.target);
  if (!named)
    return named.error();
  target = *named;
  if (!task.measures)
    return facts;
  if (target.kind != Target::Kind::Cpu) {
    Result<Device> gpu = Device::gpu(task.device);
    if (!gpu)
      return gpu.error();
    device = *gpu;
  }
  facts = machineFacts(device);
  sensors.emplace(facts.identity);
  facts.uuid = sensors->uuid();
  facts.wattLimit = sensors->wattLimit();
  Result<Workbench> made = Workbench::make(*problem, device, task.seed);
  if (!made)
    return made.error();
  bench.emplace(std::move(*made));
  constexpr size_t cpuCache = size_t{64} << 20;
  size_t cache = device.isGpu() ? size_t(facts.l2Bytes) : cpuCache;
  Result<KernelTimer> timing = KernelTimer::make(device, task.coldCache ? 2 * cache : 0);
  if (!timing)
    return timing.error();
  timer.emplace(std::move(*timing));
  return facts;
}

CompileReport KernelBackend::compile(const Schedule &schedule, const std::string &path) {
  CompileReport report;
  auto begin = std::chrono::steady_clock::now();
  CompileOptions options;
  options.ptxas = task.ptxas;
  Result<Compiled> compiled = halftone::compile(*problem, schedule, target, options);
  report.compileMs =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (!compiled) {
    report.verdict = Verdict::CompileFailed;
    report.reason = compiled.error().text();
    return report;
  }
  report.registers = compiled->image->registers;
  report.spillBytes = compiled->image->spillBytes;
  std::vector<char> bytes = writeImage(*compiled->image);
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), std::streamsize(bytes.size()));
  file.close();
  if (!file) {
    report.verdict = Verdict::CompileFailed;
    report.reason = "the image cannot be written to " + path;
  }
  return report;
}

Result<Kernel> KernelBackend::load(const std::string &path, WorkOrder order) const {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  Result<Image> image = readImage(bytes.str());
  if (!image)
    return image.error();
  image->schedule.order = order; // it may have been compiled for another one
  auto shared = std::make_shared<const Image>(std::move(*image));
  if (target.kind != Target::Kind::Cpu)
    return Kernel::load(shared, *problem, device);
  Result<CpuCode> code = loadCpu(shared->bytes, shared->entry);
  if (!code)
    return code.error();
  return Kernel::onCpu(shared, *problem, code->entry, code->keepAlive);
}

Result<Loaded *> KernelBackend::loaded(const std::string &path, WorkOrder order) {
  for (auto at = kernels.begin(); at != kernels.end(); ++at)
    if (at->image == path && at->order == order) {
      kernels.splice(kernels.begin(), kernels, at);
      return &kernels.front();
    }
  Result<Kernel> kernel = load(path, order);
  if (!kernel)
    return kernel.error();
  kernels.push_front({path, order, *kernel});
  if (kernels.size() > mostLoaded)
    kernels.pop_back();
  return &kernels.front();
}

MeasureReport KernelBackend::faultOf(const Error &error) const {
  MeasureReport report;
  report.verdict = Verdict::LaunchFailed;
  report.reason = error.text();
  if (device.isGpu()) {
    GpuFault fault = gpuFault(device, error);
    report.verdict = fault.verdict;
    report.lost = fault.lost;
  }
  return report;
}

MeasureReport KernelBackend::timed(const Kernel &kernel, const MeasureOrder &order) {
  MeasureReport report;
  double clockBefore = sensors->megahertz(), wattsBefore = sensors->watts();
  Result<KernelTimer::Times> times =
      timer->time(*bench, kernel, order.timings, order.giveUpMs, order.sustained);
  if (!times)
    return faultOf(times.error());
  report.clockMhz = (clockBefore + sensors->megahertz()) / 2;
  report.watts = (wattsBefore + sensors->watts()) / 2;
  report.milliseconds = times->milliseconds;
  report.verdict = times->gaveUp ? Verdict::Slow : Verdict::Measured;
  if (times->gaveUp)
    report.reason = fmt::format("slower than {:.4g} ms", order.giveUpMs);
  // What stays in the cache between launches need not come from memory.
  double bytes = task.coldCache ? bench->touchedBytes() : 0;
  double floorMs =
      1000 * physicalFloor(facts,
                           4.0 * double(kernel.plan().keptPairs) * double(problem->shape().headDim),
                           bytes);
  if (double median = medianOf(report.milliseconds); median < 0.95 * floorMs) {
    report.verdict = Verdict::MeasuringFault;
    report.reason = fmt::format("{:.4g} ms is less than the {:.4g} ms that this machine can do",
                                median, floorMs);
  }
  return report;
}

MeasureReport KernelBackend::measure(const MeasureOrder &order) {
  Result<Loaded *> found = loaded(order.image, order.schedule.order);
  if (!found) {
    MeasureReport report = faultOf(found.error());
    if (report.verdict == Verdict::LaunchFailed && !report.lost)
      report.verdict = Verdict::CompileFailed; // the driver's compiler, or a file that is no image
    return report;
  }
  Loaded &one = **found;
  if (!one.verified || (order.thorough && !one.thoroughly)) {
    Result<std::optional<Workbench::Finding>> finding = bench->verify(one.kernel, order.thorough);
    if (!finding)
      return faultOf(finding.error());
    if (*finding) {
      MeasureReport report;
      report.reason = (*finding)->text;
      switch ((*finding)->kind) {
      case Workbench::Finding::Kind::WrongResult:
        report.verdict = Verdict::WrongResult;
        break;
      case Workbench::Finding::Kind::Overwrites:
        report.verdict = Verdict::Overwrites;
        report.lost = true; // what else it wrote to is not known
        break;
      case Workbench::Finding::Kind::ReadsUnattended:
        report.verdict = Verdict::ReadsUnattended;
        break;
      }
      return report;
    }
    one.verified = true;
    one.thoroughly |= order.thorough;
  }
  return timed(one.kernel, order);
}

} // namespace

std::unique_ptr<Backend> makeKernelBackend() { return std::make_unique<KernelBackend>(); }

} // namespace halftone
