#include "runtime/halftone_embedded.h"

#include "runtime/EmbeddedKernel.h"
#include "runtime/Handles.h"

#include <atomic>

using namespace halftone;

namespace {

/// The state behind `embedded`, made on the first call.
EmbeddedKernel &stateOf(halftone_embedded &embedded) {
  std::atomic_ref<void *> state(embedded.state);
  if (void *known = state.load(std::memory_order_acquire))
    return *static_cast<EmbeddedKernel *>(known);
  auto made = std::make_unique<EmbeddedKernel>(embedded);
  void *other = nullptr;
  if (state.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel))
    return *made.release();
  return *static_cast<EmbeddedKernel *>(other);
}

} // namespace

halftone_status halftone_embedded_launch(halftone_embedded *embedded, int gpu,
                                         const halftone_tensor *q, const halftone_tensor *k,
                                         const halftone_tensor *v, const halftone_tensor *o,
                                         float *lse, void *stream, halftone_error **error) {
  return guarded(error, [&]() -> Status {
    if (!embedded)
      return nullArgument("embedded");
    Result<Kernel> kernel = stateOf(*embedded).on(gpu);
    if (!kernel)
      return kernel.error();
    return launch(*kernel, q, k, v, o, lse, stream);
  });
}

halftone_status halftone_embedded_kernel(halftone_embedded *embedded, int gpu,
                                         const halftone_problem *problem, halftone_kernel **kernel,
                                         halftone_error **error) {
  return makeHandle(kernel, error, [&]() -> Result<halftone_kernel> {
    if (!embedded)
      return nullArgument("embedded");
    Result<Kernel> own = stateOf(*embedded).on(gpu);
    if (own && problem)
      own = own->replan(problem->problem);
    if (!own)
      return own.error();
    return halftone_kernel{std::move(*own)};
  });
}

void halftone_embedded_unload(halftone_embedded *embedded) {
  if (embedded)
    delete static_cast<EmbeddedKernel *>(std::exchange(embedded->state, nullptr));
}
