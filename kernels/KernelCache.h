#pragma once

#include "autotune/CacheLocation.h"
#include "codegen/Target.h"
#include "runtime/Kernel.h"

#include <functional>

namespace halftone {

/// Kernels made just in time and kept: what build() and tuned() do, with its parts to be had one by
/// one. Thread-safe.
///
/// In memory it keeps kernels by everything that they depend on (the problem, the schedule, the
/// target, the device), and code by its ImageKey, so that another length, frame count or decay is
/// planned and not compiled. On disk it keeps what was compiled for GPUs (autotune/ImageStore.h).
/// Threads that want the same at the same time wait for one that makes it; a failure reaches all of
/// them and is not kept.
///
/// A kernel that was kept costs a microsecond or two, of the size of the pattern alone, and
/// touches neither file nor driver: it may be had while a CUDA graph is captured. Another one may
/// be made then too: loading and planning leave the capture valid and are no part of it, but take
/// as long as ever. A graph needs its kernels as long as it is launched, and whoever captures keeps
/// a copy of each. The primary context of a GPU is held as long as a kernel for it is kept.
class KernelCache {
public:
  struct Options {
    /// Where tuned configurations and images are on disk; without a userFolder images are not kept
    /// there.
    CacheLocation location = CacheLocation::find();
    std::string ptxas;     ///< as in CompileOptions
    size_t capacity = 128; ///< kernels; one that is asked for without a schedule takes two places
    /// Called before each compilation, by the thread that compiles. Must not use this cache.
    std::function<void(const Target &, const Schedule &)> onCompile;
  };
  explicit KernelCache(Options options);
  ~KernelCache();
  KernelCache(const KernelCache &) = delete;
  KernelCache &operator=(const KernelCache &) = delete;

  /// The one of build() and tuned(). It reads the environment (HALFTONE_CACHE_DIR) once, at its
  /// first use.
  static KernelCache &ofThisProcess();

  /// A kernel and, in one line, where its schedule comes from.
  struct Made {
    Kernel kernel;
    std::string reason; ///< as TunedSchedule; "default schedule" or "given schedule" of build()
  };
  using MadePointer = std::shared_ptr<const Made>;

  /// With the schedule that always works.
  Result<MadePointer> build(const Problem &problem, const Device &device);
  /// With a schedule of the caller's, for a target that the device runs.
  Result<MadePointer> build(const Problem &problem, const Schedule &schedule, const Target &target,
                            const Device &device);
  /// With the tuned schedule (TunedSchedule::of()), else the default one. It never tunes. What was
  /// found at the first call counts until clear(); so does the name that a pattern had then.
  Result<MadePointer> tuned(const Problem &problem, const Device &device);

  /// The code alone, which needs no device.
  Result<std::shared_ptr<const Image>> image(const Problem &problem, const Schedule &schedule,
                                             const Target &target);

  /// Forgets what is in memory. Kernels that were given out stay as they are.
  void clear();
  /// What went wrong with the disk since the last call without preventing a result, each a line for
  /// the user, none told twice.
  std::vector<std::string> takeWarnings();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace halftone
