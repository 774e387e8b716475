#pragma once

#include <cstddef>
#include <cstdint>

/// The part of the CUDA driver's binary interface that Halftone uses, so that building needs no
/// CUDA headers. Names and numbers are cuda.h's; they are fixed by the driver's ABI.
namespace halftone::cuda {

using Status = int;
using DeviceNumber = int;
using Address = unsigned long long;
using Context = struct ContextObject *;
using Module = struct ModuleObject *;
using Function = struct FunctionObject *;
using Stream = struct StreamObject *;
using Event = struct EventObject *;
using Graph = struct GraphObject *;
using GraphExec = struct GraphExecObject *;

// CUresult.
inline constexpr Status success = 0, invalidValue = 1, outOfMemory = 2, notInitialized = 3,
                        noDevice = 100, invalidDevice = 101, invalidImage = 200,
                        noBinaryForGpu = 209, eccUncorrectable = 214, invalidPtx = 218,
                        jitCompilerNotFound = 221, unsupportedPtxVersion = 222, notFound = 500,
                        illegalAddress = 700, launchOutOfResources = 701, launchTimeout = 702,
                        assertFailed = 710, launchFailed = 719, captureUnsupported = 900,
                        captureInvalidated = 901, systemDriverMismatch = 803,
                        compatNotSupported = 804;

// CUdevice_attribute.
inline constexpr int attributeMultiprocessors = 16, attributeL2Bytes = 38, attributeMajor = 75,
                     attributeMinor = 76, attributeSharedOptIn = 97;

// CUfunction_attribute.
inline constexpr int functionSharedBytes = 1, functionLocalBytes = 3, functionRegisters = 4,
                     functionMaxDynamicShared = 8;

// CUjit_option.
inline constexpr int jitInfoLogBuffer = 3, jitInfoLogBytes = 4, jitErrorLogBuffer = 5,
                     jitErrorLogBytes = 6;

// CUtensorMapDataType, CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
// CUtensorMapFloatOOBfill.
inline constexpr int tensorMapF16 = 6, tensorMapBf16 = 9, tensorMapNoInterleave = 0,
                     tensorMapSwizzle128 = 3, tensorMapPromotion256 = 3, tensorMapZeroFill = 0;

// CUstream_flags, CUstreamCaptureMode.
inline constexpr unsigned streamNonBlocking = 1;
inline constexpr int captureThreadLocal = 1, captureRelaxed = 2;

} // namespace halftone::cuda
