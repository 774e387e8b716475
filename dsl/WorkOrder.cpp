#include "dsl/WorkOrder.h"

#include <algorithm>
#include <cmath>

namespace halftone {

int64_t bandsAcrossFrames(const Layout &queries) {
  int64_t most = std::max<int64_t>(1, queries.tokensPerFrame() / 512);
  auto wanted = std::lround(std::sqrt(double(queries.frameCount())) / 2);
  return std::clamp<int64_t>(wanted, 1, most);
}

int64_t bandOfToken(const Layout &queries, int64_t bands, int64_t token) {
  if (queries.coordinate(Coordinate::IsText, token))
    return bands - 1;
  return queries.coordinate(Coordinate::Place, token) * bands / queries.tokensPerFrame();
}

} // namespace halftone
