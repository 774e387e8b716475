#pragma once

/// Everything a program needs to describe attention, compile it and run it:
///
///     Layout clip = Layout::video({.frames = 21, .height = 45, .width = 80});
///     auto [q, k] = clip.tokens();
///     Pattern near = abs(q.frame() - k.frame()) <= 1;
///     Pattern band = abs(q.place() - k.place()) <= 256;
///     Problem work = attention(clip, {.heads = 40, .headDim = 128}).where(near | band);
///     Result<Kernel> kernel = tuned(work, Device::current());
///     if (!kernel) { report(kernel.error().text()); return; }
///     (*kernel)(Q, K, V, O);

#include "codegen/Compile.h"
#include "dsl/Parse.h"
#include "dsl/Problem.h"
#include "dsl/Reference.h"
#include "dsl/Schedule.h"
#include "dsl/TileMap.h"
#include "kernels/Build.h"
#include "kernels/KernelCache.h"
#include "kernels/PatternOptions.h"
#include "kernels/Presets.h"
#include "kernels/Tuned.h"
#include "kernels/patterns/Causal.h"
#include "kernels/patterns/Dense.h"
#include "kernels/patterns/Documents.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/Sink.h"
#include "kernels/patterns/SparseVideo.h"
#include "kernels/patterns/Strided.h"
#include "kernels/patterns/Text.h"
#include "kernels/patterns/TileWindow.h"
#include "kernels/patterns/Window.h"
#include "runtime/Device.h"
#include "runtime/Kernel.h"
