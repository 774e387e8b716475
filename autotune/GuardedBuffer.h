#pragma once

#include "runtime/Device.h"

namespace halftone {

/// Memory of a GPU, or of the host for the CPU, between two guards of 1 MiB that nobody may write.
class GuardedBuffer {
public:
  GuardedBuffer() = default; ///< of no bytes, without guards
  static Result<GuardedBuffer> make(const Device &device, size_t bytes);
  GuardedBuffer(GuardedBuffer &&other) noexcept;
  GuardedBuffer &operator=(GuardedBuffer &&other) noexcept;
  ~GuardedBuffer();

  void *data() const { return memory + guardBytes; }
  size_t bytes() const { return size; }
  Status upload(size_t offset, const void *from, size_t count) const;
  Status download(size_t offset, void *to, size_t count) const;
  /// Every byte of the content.
  Status fill(unsigned char value) const;
  /// Whether all bytes of both guards are as they were; they are put right again.
  Result<bool> takeGuards() const;

private:
  static constexpr size_t guardBytes = size_t{1} << 20;
  explicit GuardedBuffer(const Device &device) : device(device) {}
  Status armGuards() const;

  Device device = Device::cpu();
  char *memory = nullptr; ///< guard, content, guard
  size_t size = 0;
};

} // namespace halftone
