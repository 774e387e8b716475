// The worker on real devices, as `halftone tune-worker` is.

#include "autotune/KernelBackend.h"
#include "autotune/Worker.h"

int main() { halftone::serveAsWorker(*halftone::makeKernelBackend()); }
