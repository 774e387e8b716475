#include "runtime/Stream.h"

#include "runtime/DeviceProperties.h"

namespace halftone {
namespace {

template <typename Action> Status inContext(const Device &device, const char *what, Action action) {
  const Device::Properties &gpu = *device.details();
  ContextScope scope(*gpu.driver, gpu.context);
  if (!scope.status())
    return scope.status();
  return gpu.driver->check(action(*gpu.driver), what);
}

cuda::Stream streamOf(void *handle) { return static_cast<cuda::Stream>(handle); }
cuda::Event eventOf(void *handle) { return static_cast<cuda::Event>(handle); }

} // namespace

Result<Stream> Stream::create(const Device &device) {
  if (!device.isGpu())
    return misuse("the cpu device has no streams", "create it on a GPU");
  Stream made(device);
  Status status = inContext(device, "create a stream", [&](const Driver &driver) {
    cuda::Stream stream = nullptr;
    cuda::Event started = nullptr, stopped = nullptr;
    cuda::Status created = driver.streamCreate(&stream, cuda::streamNonBlocking);
    made.stream = stream;
    if (created == cuda::success)
      created = driver.eventCreate(&started, 0);
    made.started = started;
    if (created == cuda::success)
      created = driver.eventCreate(&stopped, 0);
    made.stopped = stopped;
    return created;
  });
  if (!status)
    return status.error();
  return made;
}

Stream::Stream(Stream &&other) noexcept
    : device(std::move(other.device)), stream(other.stream), started(other.started),
      stopped(other.stopped) {
  other.stream = other.started = other.stopped = nullptr;
}

Stream::~Stream() {
  if (!stream)
    return;
  const Device::Properties &gpu = *device.details();
  ContextScope scope(*gpu.driver, gpu.context);
  for (void *event : {started, stopped})
    if (event)
      gpu.driver->eventDestroy(eventOf(event));
  gpu.driver->streamDestroy(streamOf(stream));
}

Status Stream::synchronize() const {
  return inContext(device, "wait for the stream", [&](const Driver &driver) {
    return driver.streamSynchronize(streamOf(stream));
  });
}

Status Stream::start() const {
  return inContext(device, "record an event", [&](const Driver &driver) {
    return driver.eventRecord(eventOf(started), streamOf(stream));
  });
}

Status Stream::stop() const {
  return inContext(device, "record an event", [&](const Driver &driver) {
    return driver.eventRecord(eventOf(stopped), streamOf(stream));
  });
}

Result<double> Stream::elapsedMilliseconds() const {
  float milliseconds = 0;
  Status status = inContext(device, "time the stream", [&](const Driver &driver) {
    cuda::Status waited = driver.eventSynchronize(eventOf(stopped));
    return waited == cuda::success
               ? driver.eventElapsedTime(&milliseconds, eventOf(started), eventOf(stopped))
               : waited;
  });
  if (!status)
    return status.error();
  return double(milliseconds);
}

} // namespace halftone
