#pragma once

#include "runtime/Image.h"

#include <string>
#include <vector>

namespace halftone::cli {

/// An image that goes into a C source, and the C name of what is its own there.
struct EmbeddedImage {
  Image image;
  std::string label;       ///< "sm_90a"; "sm_90_ptx"
  std::string cpuFeatures; ///< of an image for the CPU: runtime/CpuFeatures.h
};

/// A kernel as C: `name`.h declares `name`_launch and its sisters, `name`.c defines them over
/// runtime/halftone_embedded.h. Both are C11 and C++17, and the same for the same input.
struct EmbeddedSource {
  std::string name;    ///< a C identifier
  std::string what;    ///< a line for people: the pattern and sizes
  std::string problem; ///< canonical text
  std::vector<EmbeddedImage> images;

  std::string header() const;
  std::string source() const;
};

/// Whether `name` can begin the names of C functions.
bool isCIdentifier(std::string_view name);

} // namespace halftone::cli
