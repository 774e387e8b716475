#include "dsl/Zones.h"

#include <algorithm>

namespace halftone {
namespace {

CoordinateRange &rangeOf(CoordinateRanges &ranges, Coordinate coordinate) {
  return ranges[size_t(coordinate)];
}

void extend(CoordinateRange &range, const CoordinateRange &other) {
  range.low = std::min(range.low, other.low);
  range.high = std::max(range.high, other.high);
}

} // namespace

std::vector<Zone> cutZones(const Layout &layout, ZoneCuts cuts) {
  std::vector<Zone> zones;
  int64_t size = layout.tokensPerFrame(), frames = layout.frameCount();
  if (layout.isPacked()) { // one frame
    int64_t begin = 0, segment = 0;
    if (!cuts.segments)
      return {{.begin = 0, .end = size, .frame = 0}};
    for (int64_t length : layout.segments()) {
      zones.push_back({.begin = begin,
                       .end = begin + length,
                       .place = begin,
                       .frame = 0,
                       .segment = segment++});
      begin += length;
    }
    return zones;
  }
  if (cuts.frames || frames == 1)
    for (int64_t frame = 0; frame < frames; ++frame)
      zones.push_back(
          {.begin = frame * size, .end = (frame + 1) * size, .frame = frame, .segment = 0});
  else
    zones.push_back({.begin = 0, .end = frames * size, .segment = 0});
  if (layout.textTokens() > 0)
    zones.push_back({.begin = frames * size,
                     .end = layout.tokenCount(),
                     .frame = frames,
                     .segment = 0,
                     .isText = true});
  return zones;
}

CoordinateRanges rangesOfTokens(const Layout &layout, int64_t begin, int64_t end) {
  CoordinateRanges ranges;
  auto set = [&](Coordinate coordinate) {
    return rangeOf(ranges, coordinate) = {layout.coordinate(coordinate, begin),
                                          layout.coordinate(coordinate, end - 1)};
  };
  set(Coordinate::Index);
  set(Coordinate::IsText);
  set(Coordinate::Segment);
  CoordinateRange frame = set(Coordinate::Frame);
  set(Coordinate::Place);
  CoordinateRange row = set(Coordinate::Row);
  set(Coordinate::Column);
  bool sameFrame = frame.low == frame.high;
  if (!sameFrame) {
    rangeOf(ranges, Coordinate::Place) = {0, layout.tokensPerFrame() - 1};
    rangeOf(ranges, Coordinate::Row) = {0, layout.height() - 1};
  }
  if (!sameFrame || row.low != row.high)
    rangeOf(ranges, Coordinate::Column) = {0, layout.width() - 1};
  return ranges;
}

CoordinateRanges rangesOfZones(const Layout &layout, const Zone *first, const Zone *last) {
  auto video = std::find_if(std::make_reverse_iterator(last), std::make_reverse_iterator(first),
                            [](const Zone &zone) { return !zone.isText; });
  const Zone *text = video.base(); // the first text zone
  if (text == first)
    return rangesOfTokens(layout, first->begin, (last - 1)->end);
  CoordinateRanges ranges = rangesOfTokens(layout, first->begin, (text - 1)->end);
  if (text != last) {
    CoordinateRanges textRanges = rangesOfTokens(layout, text->begin, (last - 1)->end);
    for (size_t i = 0; i < ranges.size(); ++i)
      extend(ranges[i], textRanges[i]);
  }
  return ranges;
}

} // namespace halftone
