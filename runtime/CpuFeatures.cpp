#include "runtime/CpuFeatures.h"

namespace halftone {
namespace {

struct Feature {
  std::string_view name;
  bool (*isHere)();
};

// The question takes a literal, so each feature asks its own.
#define HALFTONE_CPU_FEATURE(name) {name, [] { return __builtin_cpu_supports(name) != 0; }}
const Feature features[] = {
    HALFTONE_CPU_FEATURE("sse4.2"),       HALFTONE_CPU_FEATURE("popcnt"),
    HALFTONE_CPU_FEATURE("bmi"),          HALFTONE_CPU_FEATURE("bmi2"),
    HALFTONE_CPU_FEATURE("avx"),          HALFTONE_CPU_FEATURE("avx2"),
    HALFTONE_CPU_FEATURE("fma"),          HALFTONE_CPU_FEATURE("avx512f"),
    HALFTONE_CPU_FEATURE("avx512cd"),     HALFTONE_CPU_FEATURE("avx512bw"),
    HALFTONE_CPU_FEATURE("avx512dq"),     HALFTONE_CPU_FEATURE("avx512vl"),
    HALFTONE_CPU_FEATURE("avx512vbmi"),   HALFTONE_CPU_FEATURE("avx512ifma"),
    HALFTONE_CPU_FEATURE("avx512vbmi2"),  HALFTONE_CPU_FEATURE("avx512vnni"),
    HALFTONE_CPU_FEATURE("avx512bitalg"), HALFTONE_CPU_FEATURE("avx512vpopcntdq"),
    HALFTONE_CPU_FEATURE("avx512bf16"),   HALFTONE_CPU_FEATURE("gfni"),
};
#undef HALFTONE_CPU_FEATURE

bool isHere(std::string_view name) {
  for (const Feature &feature : features)
    if (feature.name == name)
      return feature.isHere();
  return false;
}

} // namespace

std::string hostCpuFeatures() {
  std::string list;
  for (const Feature &feature : features)
    if (feature.isHere())
      list += (list.empty() ? "" : ",") + std::string(feature.name);
  return list;
}

Status checkCpuFeatures(std::string_view needed) {
  while (!needed.empty()) {
    size_t comma = std::min(needed.find(','), needed.size());
    std::string_view name = needed.substr(0, comma);
    if (!isHere(name))
      return unsupported("the code is for a CPU with " + std::string(name) +
                             ", which this one lacks",
                         "compile it on a machine like this one");
    needed.remove_prefix(std::min(comma + 1, needed.size()));
  }
  return {};
}

} // namespace halftone
