#include "autotune/StopSignal.h"

#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

namespace halftone {

StopSignal::StopSignal() : event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopSignal::~StopSignal() {
  if (event >= 0)
    ::close(event);
}

void StopSignal::raise() {
  raised = true;
  uint64_t one = 1;
  // A failed write leaves the flag, which is looked at whenever a wait times out.
  [[maybe_unused]] ssize_t written = ::write(event, &one, sizeof(one));
}

} // namespace halftone
