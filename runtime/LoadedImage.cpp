#include "runtime/LoadedImage.h"

#include <bit>
#include <charconv>
#include <mutex>

namespace halftone {
namespace {

/// The registry that makes loading happen once. Weak: it keeps nothing loaded.
struct Registry {
  std::mutex mutex;
  std::vector<std::weak_ptr<const LoadedImage>> entries;
};

Registry &registry() {
  static Registry instance;
  return instance;
}

std::string firstLines(std::string_view log) {
  std::string text;
  for (char c : log.substr(0, 400))
    text += c == '\n' ? ' ' : c;
  while (!text.empty() && text.back() == ' ')
    text.pop_back();
  return text;
}

} // namespace

bool runsOn(std::string_view target, Image::Kind kind, int computeCapability) {
  if (target.substr(0, 3) != "sm_" || kind == Image::Kind::Object)
    return false;
  int compiledFor = 0;
  const char *end = target.data() + target.size();
  auto [rest, error] = std::from_chars(target.data() + 3, end, compiledFor);
  if (error != std::errc() || (rest != end && std::string_view(rest, size_t(end - rest)) != "a"))
    return false;
  if (rest != end)
    return computeCapability == compiledFor;
  if (kind == Image::Kind::Ptx)
    return computeCapability >= compiledFor;
  return computeCapability / 10 == compiledFor / 10 && computeCapability >= compiledFor;
}

Result<std::shared_ptr<const LoadedImage>> LoadedImage::load(std::shared_ptr<const Image> image,
                                                             const Device &device) {
  int capability = device.computeCapability();
  if (!runsOn(image->target, image->kind, capability))
    return unsupported("the image is for " + image->target + ", and GPU " +
                           std::to_string(device.ordinal()) + " (" + device.name() + ") is sm_" +
                           std::to_string(capability),
                       "compile it for sm_" + std::to_string(capability));
  if (image->sharedBytes > device.sharedBytesPerBlock())
    return unsupported("the image needs " + std::to_string(image->sharedBytes) +
                           " bytes of shared memory, and a block on GPU " +
                           std::to_string(device.ordinal()) + " (" + device.name() + ") may have " +
                           std::to_string(device.sharedBytesPerBlock()),
                       "use a schedule with smaller tiles or fewer stages");

  Registry &known = registry();
  std::lock_guard lock(known.mutex);
  std::erase_if(known.entries, [](const auto &entry) { return entry.expired(); });
  for (const auto &entry : known.entries) {
    std::shared_ptr<const LoadedImage> loaded = entry.lock();
    if (loaded && loaded->gpu.details() == device.details() &&
        (loaded->image == image ||
         (loaded->image->kind == image->kind && loaded->image->entry == image->entry &&
          loaded->image->sharedBytes == image->sharedBytes &&
          loaded->image->bytes == image->bytes)))
      return loaded;
  }

  std::shared_ptr<LoadedImage> loaded(new LoadedImage(std::move(image), device));
  const Device::Properties &gpu = *device.details();
  ContextScope scope(*gpu.driver, gpu.context);
  if (!scope.status())
    return scope.status().error();
  RelaxedCaptureScope relaxed(*gpu.driver);
  if (Status status = loaded->loadModule(); !status)
    return status.error();
  if (Status status = loaded->findEntry(); !status)
    return status.error();
  known.entries.push_back(loaded);
  return std::shared_ptr<const LoadedImage>(std::move(loaded));
}

Status LoadedImage::loadModule() {
  const Driver &driver = *gpu.details()->driver;
  // The driver reads PTX up to its final zero byte.
  std::vector<char> code = image->bytes;
  code.push_back('\0');

  std::vector<char> errorLog(8192), infoLog(8192);
  int options[] = {cuda::jitErrorLogBuffer, cuda::jitErrorLogBytes, cuda::jitInfoLogBuffer,
                   cuda::jitInfoLogBytes};
  void *values[] = {errorLog.data(), std::bit_cast<void *>(errorLog.size()), infoLog.data(),
                    std::bit_cast<void *>(infoLog.size())};
  cuda::Status status =
      driver.moduleLoadDataEx(&module, code.data(), std::size(options), options, values);
  if (status == cuda::success)
    return {};
  bool isPtx = image->kind == Image::Kind::Ptx;
  Error error =
      driver.error(status, isPtx ? "compile the image's PTX in the driver"
                                 : "load the image for " + image->target + " on GPU " +
                                       std::to_string(gpu.ordinal()) + " (" + gpu.name() + ", sm_" +
                                       std::to_string(gpu.computeCapability()) + ")");
  errorLog.back() = '\0';
  if (std::string log = firstLines(errorLog.data()); !log.empty())
    error.message += ": " + log;
  return error;
}

Status LoadedImage::findEntry() {
  const Driver &driver = *gpu.details()->driver;
  std::string name = "'" + image->entry + "'";
  cuda::Status status = driver.moduleGetFunction(&entry, module, image->entry.c_str());
  if (status == cuda::notFound)
    return fileError("the image has no function " + name, "compile it again");
  if (status != cuda::success)
    return driver.error(status, "find " + name + " in the image");

  if (image->kind == Image::Kind::Ptx) {
    int localBytes = 0;
    status = driver.funcGetAttribute(&localBytes, cuda::functionLocalBytes, entry);
    if (status != cuda::success)
      return driver.error(status, "inspect " + name);
    if (localBytes > 0)
      return Error{ErrorCode::CompileFailed,
                   "the driver's compiler put " + std::to_string(localBytes) +
                       " bytes of each thread of " + name + " in local memory",
                   {},
                   "use a schedule with smaller tiles, or install ptxas"};
  }
  return driver.check(
      driver.funcSetAttribute(entry, cuda::functionMaxDynamicShared, int(image->sharedBytes)),
      "give " + name + " " + std::to_string(image->sharedBytes) + " bytes of shared memory");
}

LoadedImage::~LoadedImage() {
  if (!module)
    return;
  const Device::Properties &properties = *gpu.details();
  ContextScope scope(*properties.driver, properties.context);
  RelaxedCaptureScope relaxed(*properties.driver);
  properties.driver->moduleUnload(module);
}

} // namespace halftone
