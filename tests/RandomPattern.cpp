#include "tests/RandomPattern.h"

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

#include <utility>

namespace halftone::test {

namespace {

const Token query{Side::Query}, key{Side::Key};

/// The same coordinate of both tokens.
std::pair<Expr, Expr> coordinatePair(RandomNumbers &random) {
  switch (random.between(0, 4)) {
  case 0:
    return {query.index(), key.index()};
  case 1:
    return {query.frame(), key.frame()};
  case 2:
    return {query.place(), key.place()};
  case 3:
    return {query.row(), key.row()};
  default:
    return {query.column(), key.column()};
  }
}

patterns::RadialOptions radialOptions(RandomNumbers &random) {
  return {.decay = random.pick({0.2, 0.8, 0.95, 1.0, 0.0, 2.5}),
          .sink = random.oneIn(2),
          .block = random.pick<int64_t>({1, 4, 16, 24, 64, 128})};
}

patterns::TileWindowOptions tileOptions(RandomNumbers &random) {
  auto extent = [&](int64_t most) {
    return patterns::Extent3{random.between(1, most), random.between(1, most),
                             random.between(1, most)};
  };
  return {.tile = extent(4), .window = extent(3)};
}

/// `blocks`: whether the reference radial mask is defined, for one layout that is not packed.
Pattern libraryPattern(RandomNumbers &random, const Layout &layout, bool blocks) {
  switch (random.between(blocks ? 0 : 1, 11)) {
  case 0:
    return patterns::radialReference(radialOptions(random));
  case 1:
    return patterns::dense();
  case 2:
    return patterns::causal(layout);
  case 3:
    return patterns::window(layout, random.between(0, 90));
  case 4:
    return patterns::causalWindow(layout, random.between(0, 90));
  case 5:
    return patterns::tileWindow(layout, tileOptions(random));
  case 6:
    return patterns::strided(layout, random.between(2, 40), random.between(0, 20));
  case 7:
    return patterns::dilated(layout, random.between(2, 9), random.between(0, 120));
  case 8:
    return patterns::sink(layout, random.between(0, 70), random.between(0, 40));
  case 9:
    return patterns::spatial(layout, random.between(0, 3), random.oneIn(2));
  case 10:
    return patterns::temporal(layout, random.between(0, 20), random.oneIn(2));
  default:
    return patterns::radial(layout, radialOptions(random));
  }
}

/// A comparison that no library pattern makes: divisions, remainders, negative values, powers.
Pattern randomComparison(RandomNumbers &random) {
  auto [q, k] = coordinatePair(random);
  int64_t small = random.between(1, 7), large = random.between(1, 60);
  switch (random.between(0, 8)) {
  case 0:
    return (q + k) % (small + 1) == random.between(0, small);
  case 1:
    return (q - k) / small <= random.between(-3, 9);
  case 2:
    return (q - k) % (small + 1) < small;
  case 3:
    return bits(abs(q - k)) <= small;
  case 4:
    return max(q, k) - min(q, k) * small > -large;
  case 5:
    return abs(q - k) <= pow2(min(bits(q), small)) + random.between(0, 3);
  case 6:
    return select(k >= large, q - large, k) != random.between(0, 20);
  case 7:
    return scaled(q, random.pick({0.1, 0.75, 1.5})) >= k - random.between(0, 30);
  default:
    return (q * small - k * random.between(1, 7)) % (abs(q - k) + small) <= large / 4;
  }
}

Pattern leafPattern(RandomNumbers &random, const Layout &queries, const Layout &keys) {
  if (queries.isPacked() && random.oneIn(2))
    return patterns::documents(queries);
  if (queries.textTokens() > 0 && random.oneIn(6))
    return patterns::text(queries);
  if (random.oneIn(3))
    return randomComparison(random);
  return libraryPattern(random, queries, queries == keys && !queries.isPacked());
}

} // namespace

Pattern randomPattern(RandomNumbers &random, const Layout &queries, const Layout &keys, int depth) {
  if (depth == 0)
    return leafPattern(random, queries, keys);
  auto inner = [&] { return randomPattern(random, queries, keys, depth - 1); };
  switch (random.between(0, 8)) {
  case 0: {
    Pattern a = inner();
    return a & inner();
  }
  case 1: {
    Pattern a = inner();
    return a | inner();
  }
  case 2:
    return ~inner();
  case 3: {
    std::vector<Pattern> choices;
    for (int64_t i = random.between(2, 3); i > 0; --i)
      choices.push_back(inner());
    return perHead(std::move(choices));
  }
  case 4: {
    // Not of block masks: the reference would take too long.
    Pattern a = leafPattern(random, queries, keys);
    return rounded(a, random.oneIn(2) ? Rounding::Any : Rounding::All,
                   random.pick<int64_t>({1, 8, 16, 24, 64, 128}));
  }
  case 5: {
    Pattern a = inner(); // some rows keep nothing
    return a & query.index() % random.between(2, 5) != random.between(0, 4);
  }
  case 6: {
    Pattern a = inner(); // whole tiles keep nothing
    return a & query.index() / random.pick<int64_t>({16, 64, 100, 128}) != random.between(0, 2);
  }
  case 7: {
    Pattern a = inner();
    return batch() == 0 & a | batch() != 0 & inner();
  }
  default:
    return leafPattern(random, queries, keys);
  }
}

Expr randomDistance(RandomNumbers &random) {
  auto [q, k] = coordinatePair(random);
  return random.oneIn(3) ? k - q : random.oneIn(3) ? min(abs(q - k), 40) / 3 : abs(q - k);
}

} // namespace halftone::test
