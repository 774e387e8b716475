#pragma once

#include "dsl/BlockMask.h"
#include "dsl/TermPool.h"

#include <map>
#include <memory>

namespace halftone {

/// The block masks of the RadialBlocks and Rounded terms of one pool, each built when first asked
/// for.
class BlockMasks {
public:
  BlockMasks(TermPool &pool, const Layout &query, const Layout &key)
      : pool(pool), query(query), key(key) {}

  const BlockMask &of(TermId id);

private:
  TermPool &pool;
  const Layout &query, &key;
  std::map<TermId, std::unique_ptr<BlockMask>> masks;
};

/// A condition rounded to blocks.
BlockMask roundedTerm(TermPool &pool, TermId condition, const Layout &query, const Layout &key,
                      BlockMasks &masks, Rounding rounding, int64_t block);

/// The value of a term for one pair of tokens, for what the analysis leaves undecided.
class TermValue {
public:
  TermValue(const TermPool &pool, const Layout &query, const Layout &key, BlockMasks &masks)
      : pool(pool), query(query), key(key), masks(masks) {}
  int64_t at(TermId id, int64_t queryIndex, int64_t keyIndex);

private:
  const TermPool &pool;
  const Layout &query, &key;
  BlockMasks &masks;
};

} // namespace halftone
