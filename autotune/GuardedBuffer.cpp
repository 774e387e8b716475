#include "autotune/GuardedBuffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace halftone {

namespace {

constexpr unsigned char guardByte = 0xa5;

} // namespace

Result<GuardedBuffer> GuardedBuffer::make(const Device &device, size_t bytes) {
  GuardedBuffer buffer(device);
  buffer.size = bytes;
  size_t all = bytes + 2 * guardBytes;
  if (device.isGpu()) {
    Result<void *> memory = device.allocate(all);
    if (!memory)
      return memory.error();
    buffer.memory = static_cast<char *>(*memory);
  } else {
    buffer.memory = static_cast<char *>(std::aligned_alloc(4096, (all + 4095) / 4096 * 4096));
    if (!buffer.memory)
      return Error{ErrorCode::NoDevice,
                   "no memory for a tensor of " + std::to_string(bytes) + " bytes",
                   {},
                   "choose fewer heads, frames or batch elements"};
  }
  if (Status status = buffer.armGuards(); !status)
    return status.error();
  return buffer;
}

GuardedBuffer::GuardedBuffer(GuardedBuffer &&other) noexcept
    : device(std::move(other.device)), memory(std::exchange(other.memory, nullptr)),
      size(other.size) {}

GuardedBuffer &GuardedBuffer::operator=(GuardedBuffer &&other) noexcept {
  std::swap(device, other.device);
  std::swap(memory, other.memory);
  std::swap(size, other.size);
  return *this;
}

GuardedBuffer::~GuardedBuffer() {
  if (device.isGpu())
    device.release(memory);
  else
    std::free(memory);
}

Status GuardedBuffer::armGuards() const {
  for (char *guard : {memory, memory + guardBytes + size}) {
    if (!device.isGpu())
      std::memset(guard, guardByte, guardBytes);
    else if (Status status = device.fill(guard, guardByte, guardBytes); !status)
      return status;
  }
  return {};
}

Status GuardedBuffer::upload(size_t offset, const void *from, size_t count) const {
  char *to = memory + guardBytes + offset;
  if (device.isGpu())
    return device.upload(to, from, count);
  std::memcpy(to, from, count);
  return {};
}

Status GuardedBuffer::download(size_t offset, void *to, size_t count) const {
  const char *from = memory + guardBytes + offset;
  if (device.isGpu())
    return device.download(to, from, count);
  std::memcpy(to, from, count);
  return {};
}

Status GuardedBuffer::fill(unsigned char value) const {
  if (device.isGpu())
    return device.fill(data(), value, size);
  std::memset(data(), value, size);
  return {};
}

Result<bool> GuardedBuffer::takeGuards() const {
  bool intact = true;
  if (!memory)
    return intact;
  std::vector<unsigned char> bytes(guardBytes);
  for (const char *guard : {memory, memory + guardBytes + size}) {
    if (!device.isGpu())
      std::memcpy(bytes.data(), guard, guardBytes);
    else if (Status status = device.download(bytes.data(), guard, guardBytes); !status)
      return status.error();
    intact &= std::all_of(bytes.begin(), bytes.end(),
                          [](unsigned char byte) { return byte == guardByte; });
  }
  if (!intact)
    if (Status status = armGuards(); !status)
      return status.error();
  return intact;
}

} // namespace halftone
