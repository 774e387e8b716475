#include "runtime/EmbeddedKernel.h"

#include "dsl/Parse.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Handles.h"
#include "runtime/LoadedImage.h"

#include <charconv>
#include <tuple>

namespace halftone {
namespace {

/// How good an image is among those that run on a GPU.
auto rank(const Image &image) {
  int architecture = 0;
  std::from_chars(image.target.data() + 3, image.target.data() + image.target.size(), architecture);
  return std::tuple(image.kind == Image::Kind::Cubin, architecture, image.target.ends_with('a'));
}

} // namespace

std::shared_ptr<const Image> bestImage(const std::vector<std::shared_ptr<const Image>> &images,
                                       int computeCapability) {
  std::shared_ptr<const Image> best;
  for (const std::shared_ptr<const Image> &image : images)
    if (runsOn(image->target, image->kind, computeCapability) &&
        (!best || rank(*image) > rank(*best)))
      best = image;
  return best;
}

Status EmbeddedKernel::read() {
  if (problem)
    return {};
  std::vector<std::shared_ptr<const Image>> all;
  for (size_t i = 0; i < embedded.image_count; ++i) {
    const halftone_embedded_image &one = embedded.images[i];
    Result<Image> image = readImage({reinterpret_cast<const char *>(one.bytes), one.length});
    if (!image)
      return image.error();
    all.push_back(std::make_shared<const Image>(std::move(*image)));
  }
  Result<Problem> parsed = parseProblem(embedded.problem);
  if (!parsed)
    return parsed.error();
  images = std::move(all);
  problem = std::move(*parsed);
  return {};
}

Result<Kernel> EmbeddedKernel::loadForCpu() {
  for (size_t i = 0; i < images.size(); ++i) {
    const halftone_embedded_image &one = embedded.images[i];
    if (images[i]->kind != Image::Kind::Object || !one.entry)
      continue;
    if (Status status = checkCpuFeatures(one.cpu_features ? one.cpu_features : ""); !status)
      return status.error();
    return Kernel::onCpu(images[i], *problem, cpuEntry(one.entry), nullptr);
  }
  return unsupported(std::string(embedded.name) + " has no code for the CPU",
                     "compile it for the target cpu too");
}

Result<Kernel> EmbeddedKernel::load(int gpu) {
  if (Status status = read(); !status)
    return status.error();
  if (gpu == HALFTONE_CPU)
    return loadForCpu();
  Result<Device> device = Device::gpu(gpu);
  if (!device)
    return device.error();
  std::shared_ptr<const Image> image = bestImage(images, device->computeCapability());
  if (image)
    return Kernel::load(image, *problem, *device);
  std::string targets;
  for (const std::shared_ptr<const Image> &one : images)
    targets += (targets.empty() ? "" : ", ") + one->target;
  std::string wanted = "sm_" + std::to_string(device->computeCapability());
  return unsupported(std::string(embedded.name) + " has no code for GPU " + std::to_string(gpu) +
                         " (" + device->name() + ", " + wanted + "): it has " + targets,
                     "compile it for " + wanted + " too");
}

Result<Kernel> EmbeddedKernel::on(int gpu) {
  std::lock_guard lock(mutex);
  if (auto known = kernels.find(gpu); known != kernels.end())
    return known->second;
  Result<Kernel> kernel = load(gpu);
  if (kernel)
    kernels.emplace(gpu, *kernel);
  return kernel;
}

} // namespace halftone
