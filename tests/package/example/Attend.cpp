// Compiles a window pattern for this machine's CPU, runs it, and compares with the slow answer.
#include "kernels/Halftone.h"

#include <cmath>
#include <cstdio>

int main() {
  using namespace halftone;
  Layout line = Layout::sequence(200);
  auto [q, k] = line.tokens();
  Problem work = attention(line, {.heads = 1, .headDim = 32, .element = Element::F32})
                     .where(abs(q.index() - k.index()) <= 40);
  Result<Kernel> kernel = build(work, Device::cpu());
  if (!kernel) {
    std::fprintf(stderr, "%s\n", kernel.error().text().c_str());
    return 1;
  }
  std::vector<float> in[3], out(200 * 32);
  std::vector<double> exact[3];
  for (int tensor = 0; tensor < 3; ++tensor)
    for (int i = 0; i < 200 * 32; ++i) {
      in[tensor].push_back(std::sin(0.37f * i + tensor));
      exact[tensor].push_back(in[tensor].back());
    }
  auto view = [](std::vector<float> &values) {
    return packedTokenMajor(values.data(), 200, 1, 32);
  };
  Status done = (*kernel)(view(in[0]), view(in[1]), view(in[2]), view(out));
  if (!done) {
    std::fprintf(stderr, "%s\n", done.error().text().c_str());
    return 1;
  }
  ReferenceResult right = reference(work, {exact[0], exact[1], exact[2]});
  double worst = 0;
  for (size_t i = 0; i < out.size(); ++i)
    worst = std::max(worst, std::abs(right.output[i] - out[i]));
  std::printf("%s, error %g\n", worst < 1e-5 ? "matches the reference" : "WRONG", worst);
  return worst < 1e-5 ? 0 : 1;
}
