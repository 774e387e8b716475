#include "kernels/halftone_compile.h"

#include "codegen/Compile.h"
#include "kernels/Build.h"
#include "kernels/Tuned.h"
#include "runtime/Handles.h"

#include <algorithm>
#include <cstring>

using namespace halftone;

namespace {

Result<Schedule> chooseSchedule(const char *text, const Problem &problem, const Target &target) {
  Result<Schedule> schedule = text ? Schedule::parse(text) : defaultSchedule(problem, target);
  if (schedule)
    if (Status status = checkSchedule(problem, *schedule, target); !status)
      return status.error();
  return schedule;
}

} // namespace

halftone_status halftone_compile(const halftone_problem *problem, const char *target,
                                 const char *schedule, halftone_image **image,
                                 halftone_error **error) {
  return makeHandle(image, error, [&]() -> Result<halftone_image> {
    if (!problem || !target)
      return nullArgument(!problem ? "problem" : "target");
    Result<Target> known = Target::parse(target);
    if (!known)
      return known.error();
    Result<Schedule> chosen = chooseSchedule(schedule, problem->problem, *known);
    if (!chosen)
      return chosen.error();
    Result<Compiled> compiled = compile(problem->problem, *chosen, *known);
    if (!compiled)
      return compiled.error();
    return halftone_image{compiled->image};
  });
}

halftone_status halftone_build(const halftone_problem *problem, const halftone_device *device,
                               halftone_kernel **kernel, halftone_error **error) {
  return makeHandle(kernel, error, [&]() -> Result<halftone_kernel> {
    if (!problem)
      return nullArgument("problem");
    Result<Kernel> built = build(problem->problem, device ? device->device : Device::cpu());
    if (!built)
      return built.error();
    return halftone_kernel{std::move(*built)};
  });
}

halftone_status halftone_tuned(const halftone_problem *problem, const halftone_device *device,
                               halftone_kernel **kernel, char *reason, size_t reason_bytes,
                               halftone_error **error) {
  return makeHandle(kernel, error, [&]() -> Result<halftone_kernel> {
    if (!problem)
      return nullArgument("problem");
    if (reason && !reason_bytes)
      return misuse("reason_bytes is 0, and reason is not null", "pass the size of the buffer");
    std::string text;
    Result<Kernel> made = tuned(problem->problem, device ? device->device : Device::cpu(), &text);
    if (!made)
      return made.error();
    if (reason) {
      size_t length = std::min(text.size(), reason_bytes - 1);
      std::memcpy(reason, text.data(), length);
      reason[length] = '\0';
    }
    return halftone_kernel{std::move(*made)};
  });
}
