#pragma once

#include "FakeDriver.h"
#include "SampleImage.h"

#include "runtime/Kernel.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

namespace halftone::test {

inline Device gpu() {
  Result<Device> device = Device::gpu();
  if (!device)
    FAIL(device.error().text());
  return *device;
}

/// The fake driver's state, its faults cleared. A device must be open.
inline FakeDriverState &driver() {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  REQUIRE(library != nullptr);
  auto find = reinterpret_cast<FakeDriverState *(*)()>(dlsym(library, "fakeDriverState"));
  dlclose(library);
  bool found = find != nullptr;
  REQUIRE_MESSAGE(found, "libcuda.so.1 is not the fake driver: LD_LIBRARY_PATH must lead to it");
  FakeDriverState &state = *find();
  state.localBytes = state.loadStatus = state.allocateStatus = state.launchStatus =
      state.encodeStatus = 0;
  state.loadLog.clear();
  state.launches.clear();
  state.tensorMaps.clear();
  state.parameters = 1;
  return state;
}

inline Problem causal(int64_t tokens, bool lse = false) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, {.batch = 2, .heads = 4, .kvHeads = 2, .headDim = 64, .lse = lse})
      .where(k.index() <= q.index());
}

inline Error refusal(const std::shared_ptr<Image> &image, const Problem &problem) {
  Result<Kernel> kernel = Kernel::load(image, problem, gpu());
  REQUIRE_FALSE(kernel);
  return kernel.error();
}

alignas(16) inline char memory[64];
inline TensorView at(int64_t tokenStride = 256, int64_t offset = 0) {
  return {memory + offset, 1 << 20, tokenStride, 64};
}

} // namespace halftone::test
