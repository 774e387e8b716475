#include "cli/Commands.h"
#include "cli/HostFacts.h"
#include "cli/Machine.h"
#include "codegen/Ptxas.h"

#include <cstdlib>

namespace halftone::cli {
namespace {

void describeCpu(Console &console) {
  HostFacts host = hostFacts();
  console.document["cpu"] = {{"name", host.cpu},
                             {"threads", host.threads},
                             {"vectorWidth", host.vectorWidth},
                             {"memoryBytes", host.memoryBytes}};
  console.line("cpu       {}: {} threads, vectors of {} floats, {:.1f} GiB of memory", host.cpu,
               host.threads, host.vectorWidth, double(host.memoryBytes) / (1 << 30));
}

void describeGpus(Console &console) {
  auto &gpus = console.document["gpus"] = nlohmann::ordered_json::array();
  auto count = Device::gpuCount();
  if (!count) {
    console.document["noGpu"] = count.error().message;
    console.line("gpu       none: {}", count.error().text());
    return;
  }
  if (*count == 0) {
    console.document["noGpu"] = "the driver sees no GPU";
    console.line("gpu       none: the driver sees no GPU");
  }
  for (int i = 0; i < *count; ++i) {
    auto device = Device::gpu(i);
    if (!device) {
      gpus.push_back({{"ordinal", i}, {"error", device.error().message}});
      console.line("gpu {}     {}", i, device.error().text());
      continue;
    }
    int capability = device->computeCapability(), driver = device->driverVersion();
    std::string version = fmt::format("{}.{}", driver / 1000, driver % 1000 / 10);
    gpus.push_back({{"ordinal", i},
                    {"name", device->name()},
                    {"computeCapability", capability},
                    {"multiprocessors", device->multiprocessors()},
                    {"sharedBytesPerBlock", device->sharedBytesPerBlock()},
                    {"driver", version}});
    console.line("gpu {}     {}: compute capability {}.{}, {} multiprocessors, {} shared bytes a "
                 "block, driver for CUDA {}",
                 i, device->name(), capability / 10, capability % 10, device->multiprocessors(),
                 device->sharedBytesPerBlock(), version);
  }
}

void describePtxas(Console &console) {
  auto ptxas = findPtxas();
  if (!ptxas) {
    console.document["ptxas"] = nullptr;
    console.line("ptxas     none: {}", ptxas.error().text());
    return;
  }
  std::string version = programVersion(*ptxas);
  console.document["ptxas"] = {{"path", *ptxas}, {"version", version}};
  console.line("ptxas     {}: {}", *ptxas, version);
}

void describeEnvironment(Console &console) {
  auto &environment = console.document["environment"] = nlohmann::ordered_json::object();
  for (const char *name :
       {"HALFTONE_CACHE_DIR", "HALFTONE_DUMP_TO", "HALFTONE_PTXAS", "CUDA_HOME", "NO_COLOR"}) {
    const char *value = std::getenv(name);
    if (!value)
      continue;
    environment[name] = value;
    console.line("set       {}={}", name, value);
  }
}

Result<int> runDoctor(Console &console) {
  console.document["halftone"] = HALFTONE_VERSION;
  console.document["llvm"] = llvmVersion();
  console.line("halftone  {}, with LLVM {}", HALFTONE_VERSION, llvmVersion());
  describeCpu(console);
  describeGpus(console);
  describePtxas(console);
  describeEnvironment(console);
  Target best = bestTarget();
  console.document["target"] = best.name;
  console.document["targets"] = Target::names();
  console.line("targets   {}; best here: {}", fmt::join(Target::names(), " "), best.name);
  return 0;
}

} // namespace

Action addDoctorCommand(CLI::App &app) {
  app.footer(R"(Examples:
  halftone doctor
  halftone doctor --json)");
  return runDoctor;
}

} // namespace halftone::cli
