#pragma once

#include "runtime/Device.h"

namespace halftone {

/// A stream of a GPU that waits for no other, and times what runs on it. For tools and tests; a
/// kernel takes any CUstream.
class Stream {
public:
  static Result<Stream> create(const Device &device);
  Stream(Stream &&other) noexcept;
  Stream &operator=(Stream &&other) = delete;
  ~Stream();

  void *handle() const { return stream; }
  Status synchronize() const;

  /// Marks the start, and the end, of what is timed; elapsed() waits for the end.
  Status start() const;
  Status stop() const;
  Result<double> elapsedMilliseconds() const;

private:
  explicit Stream(Device device) : device(std::move(device)) {}

  Device device;
  void *stream = nullptr, *started = nullptr, *stopped = nullptr;
};

} // namespace halftone
