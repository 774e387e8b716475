#pragma once

#include "runtime/Device.h"
#include "runtime/Driver.h"

namespace halftone {

/// What is known of a GPU, read once, and its primary context, held while any Device refers to it.
struct Device::Properties {
  const Driver *driver = nullptr;
  cuda::DeviceNumber number = 0;
  cuda::Context context = nullptr;
  int ordinal = 0;
  std::string name;
  int computeCapability = 0;
  int multiprocessors = 0;
  size_t sharedBytesPerBlock = 0;
  size_t l2Bytes = 0;

  Properties() = default;
  Properties(const Properties &) = delete;
  Properties &operator=(const Properties &) = delete;
  ~Properties();
};

} // namespace halftone
