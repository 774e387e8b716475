#include "kernels/patterns/Dense.h"

namespace halftone::patterns {

Pattern dense() { return Pattern::dense().named("dense"); }

} // namespace halftone::patterns
