// What libFuzzer calls, millions of times; its main() comes from -fsanitize=fuzzer.

#include "tests/fuzz/Target.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  halftone::fuzz::feed({reinterpret_cast<const char *>(data), size});
  return 0;
}
