#include "codegen/Target.h"

namespace halftone {

namespace {

struct Architecture {
  std::string_view name;
  int computeCapability;
  int64_t sharedBytes; ///< dynamic shared memory a block may have (CUDA programming guide)
};

constexpr Architecture architectures[] = {
    {"sm_80", 80, 163 * 1024},   {"sm_86", 86, 99 * 1024},    {"sm_87", 87, 163 * 1024},
    {"sm_89", 89, 99 * 1024},    {"sm_90", 90, 227 * 1024},   {"sm_90a", 90, 227 * 1024},
    {"sm_100", 100, 227 * 1024}, {"sm_103", 103, 227 * 1024}, {"sm_120", 120, 99 * 1024},
    {"sm_121", 121, 99 * 1024},
};

} // namespace

Target Target::cpu() { return {}; }

Result<Target> Target::parse(std::string_view name) {
  if (name == "cpu")
    return cpu();
  for (const Architecture &architecture : architectures)
    if (name == architecture.name) {
      Target target;
      target.kind = name == "sm_90a" ? Kind::Hop : Kind::Mma;
      target.name = name;
      target.computeCapability = architecture.computeCapability;
      target.sharedBytes = architecture.sharedBytes;
      target.maxThreads = 1024;
      return target;
    }
  std::string known;
  for (const std::string &candidate : names())
    known += (known.empty() ? "" : ", ") + candidate;
  std::string fix = "use one of " + known;
  // An 'a' names the same machine with features that only sm_90's are used of.
  if (!name.empty() && name.back() == 'a')
    for (const Architecture &architecture : architectures)
      if (name.substr(0, name.size() - 1) == architecture.name)
        fix = "use " + std::string(architecture.name) + ", which runs on the same GPUs";
  return unsupported("unknown target '" + std::string(name) + "'", fix);
}

std::vector<std::string> Target::names() {
  std::vector<std::string> names{"cpu"};
  for (const Architecture &architecture : architectures)
    names.emplace_back(architecture.name);
  return names;
}

} // namespace halftone
