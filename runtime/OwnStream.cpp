#include "runtime/OwnStream.h"

namespace halftone {

Status onOwnStream(const Device::Properties &gpu, std::string_view what,
                   const std::function<cuda::Status(cuda::Stream)> &enqueue) {
  const Driver &driver = *gpu.driver;
  ContextScope scope(driver, gpu.context);
  if (!scope.status())
    return scope.status();
  RelaxedCaptureScope relaxed(driver);
  cuda::Stream stream = nullptr;
  cuda::Status status = driver.streamCreate(&stream, cuda::streamNonBlocking);
  if (status == cuda::success)
    status = enqueue(stream);
  if (status == cuda::success)
    status = driver.streamSynchronize(stream);
  if (stream)
    driver.streamDestroy(stream);
  return driver.check(status, what);
}

} // namespace halftone
