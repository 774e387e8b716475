#include "autotune/KernelTimer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace halftone {

namespace {

struct Lengths {
  double warmUpMs, sampleMs;
};
constexpr Lengths brief{.warmUpMs = 10, .sampleMs = 1}, longer{.warmUpMs = 60, .sampleMs = 20};
constexpr int mostLaunches = 200, timingsBeforeGivingUp = 3;

} // namespace

KernelTimer::KernelTimer(const Device &device, std::optional<Stream> stream)
    : device(device), stream(std::move(stream)) {}

Result<KernelTimer> KernelTimer::make(const Device &device, size_t flushBytes) {
  std::optional<Stream> stream;
  if (device.isGpu()) {
    Result<Stream> created = Stream::create(device);
    if (!created)
      return created.error();
    stream.emplace(std::move(*created));
  }
  KernelTimer timer(device, std::move(stream));
  if (flushBytes > 0) {
    Result<GuardedBuffer> buffer = GuardedBuffer::make(device, flushBytes);
    if (!buffer)
      return buffer.error();
    timer.flushed.emplace(std::move(*buffer));
  }
  return timer;
}

/// Milliseconds of one launch, the mean of `count` in a row.
Result<double> KernelTimer::launches(const Workbench &bench, const Kernel &kernel, int count) {
  if (flushed)
    if (Status status = flushed->fill(0); !status)
      return status.error();
  auto begin = std::chrono::steady_clock::now();
  if (stream)
    if (Status status = stream->start(); !status)
      return status.error();
  for (int i = 0; i < count; ++i)
    if (Status status = bench.launch(kernel, stream ? stream->handle() : nullptr); !status)
      return status.error();
  if (!stream)
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
               .count() /
           count;
  if (Status status = stream->stop(); !status)
    return status.error();
  Result<double> elapsed = stream->elapsedMilliseconds();
  if (!elapsed)
    return elapsed;
  return *elapsed / count;
}

Result<KernelTimer::Times> KernelTimer::time(const Workbench &bench, const Kernel &kernel,
                                             int timings, double giveUpMs, bool sustained) {
  Lengths lengths = sustained && stream ? longer : brief;
  double last = 0;
  for (double spent = 0; spent < lengths.warmUpMs || last == 0;) {
    Result<double> once = launches(bench, kernel, 1);
    if (!once)
      return once.error();
    last = std::max(*once, 1e-4);
    spent += last;
  }
  // A launch that is a warm-up by itself has said enough where it is clearly slower.
  if (giveUpMs > 0 && last >= lengths.warmUpMs && last > giveUpMs)
    return Times{.milliseconds = {last}, .gaveUp = true};
  // A cold cache is cold for one launch.
  int together = flushed ? 1 : std::clamp(int(std::ceil(lengths.sampleMs / last)), 1, mostLaunches);
  Times times;
  while (int(times.milliseconds.size()) < timings) {
    Result<double> sample = launches(bench, kernel, together);
    if (!sample)
      return sample.error();
    times.milliseconds.push_back(*sample);
    if (giveUpMs > 0 && int(times.milliseconds.size()) == timingsBeforeGivingUp &&
        timings > timingsBeforeGivingUp &&
        *std::min_element(times.milliseconds.begin(), times.milliseconds.end()) > giveUpMs) {
      times.gaveUp = true;
      break;
    }
  }
  return times;
}

} // namespace halftone
