// The kernel that this project compiles ahead of time: each token sees its neighbours. BAND_ELEMENT
// is set in CMakeLists.txt: the CPU computes in f32, GPUs in bf16.
#include "kernels/DescribeKernel.h"

halftone::Problem describeKernel() {
  using namespace halftone;
  Layout line = Layout::sequence(300);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 2, .headDim = 64, .element = Element::BAND_ELEMENT})
      .where(abs(q.index() - k.index()) <= 40);
}
