#include "kernels/Tuned.h"

#include "kernels/KernelCache.h"

namespace halftone {

Result<Kernel> tuned(const Problem &problem, const Device &device, std::string *reason) {
  Result<KernelCache::MadePointer> made = KernelCache::ofThisProcess().tuned(problem, device);
  if (!made)
    return made.error();
  if (reason)
    *reason = (*made)->reason;
  return (*made)->kernel;
}

} // namespace halftone
