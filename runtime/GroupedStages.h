#pragma once

#include "runtime/AttendedKeys.h"
#include "runtime/GatheredStages.h"

#include <array>

namespace halftone {

/// Cuts the key ranges of one to three groups of 64 query rows into stages that they share where
/// they keep the same keys. A stage is what one of GatheredStages is, and one word more: bits 0 to
/// 2 say which groups use it, bits 3 to 5 which of them must mask it, because they keep it in part
/// or it has padding, bit 6 that it has padding columns and no mask, bit 7 that value rows no query
/// keeps must be cleared (WorkItem), bits from 8 on how many columns are keys. A stage is used, and
/// masked, by the same groups as a whole; all that use one to clear mask it. For a kernel without a
/// mask (`parts` 2) the word speaks of two halves of the stage, 16 bits of each; for one with masks
/// bits from 8 on are the number of its first page of kept pairs: each group that masks it has one,
/// in order.
///
/// Stages that all groups use as a whole come first, as they keep all of them busy; of them a
/// kernel reads no word, and it takes all others for ones to mask, or for two halves. Of these, one
/// that some use is followed by one that others do, where there is one, and stages that one group
/// masks by such that another does, as masking takes time. Halves are put together so that every
/// group has as much to do. What does not fill a stage of its kind is put together with the rest of
/// others where the tile has keys to mask: whoever keeps less of such a stage masks it.
class GroupedStages {
public:
  using Groups = std::span<const std::span<const KeyRange>>;

  /// As GatheredStages. With 2 parts a stage has an even number of chunks, and at most 256 keys.
  /// `pages`: so many are in use.
  GroupedStages(std::vector<uint32_t> &stages, int64_t tileK, int64_t gather, int64_t keyCount,
                int64_t parts, int64_t pages = 0)
      : stages(stages), gather(gather), keyCount(keyCount), perStage(tileK / gather), parts(parts),
        perPart(perStage / parts), pages(pages), byGather(gather), inBoth(gather) {}

  /// Appends the stages of one query tile; a row without a range has none. `columns` and `clearing`
  /// of what it gives are 0.
  StageRow cut(Groups groups, const AttendedKeys &attended);
  /// The same for two tiles of as many groups. Both begin with the whole stages of keys that every
  /// group of either keeps in full.
  std::array<StageRow, 2> cutPair(Groups a, Groups b, const AttendedKeys &attended);
  /// At most so many entries does cut() append, or cutPair() for this one.
  int64_t mostEntries(Groups groups) const;
  /// As GatheredStages.
  void finish() { stages.insert(stages.end(), size_t(readAheadStages * entries()), 0); }
  /// In use so far. A page's number has 24 bits.
  int64_t pageCount() const { return pages; }
  static constexpr int64_t mostPages = int64_t{1} << 24;

private:
  static constexpr unsigned subsets = 8, kinds = subsets * subsets;
  int64_t entries() const { return perStage + 1; }
  uint32_t wholeUse(unsigned users) const;
  uint32_t columnsOf(int64_t keys) const;
  void numberPages(std::span<uint32_t> appended);
  /// Ranges of a tile, by the set of groups that keep them in part and of those that keep them.
  using Kept = std::array<std::array<std::vector<KeyRange>, subsets>, subsets>;
  int64_t chunksOf(std::span<const KeyRange> ranges) const;
  static void split(Groups groups, Kept &kept);
  StageRow append(Kept &kept, unsigned all, std::span<const KeyRange> shared,
                  const AttendedKeys &attended);
  static bool hasMasks(const Kept &kept);
  uint32_t writeWhole(std::span<const KeyRange> ranges, unsigned all, int64_t most);
  uint32_t appendParts(const Kept &kept, unsigned all, const AttendedKeys &attended);
  /// What does not fill a part is one with padding, or goes to `rests`.
  void write(std::span<const KeyRange> ranges, unsigned users, unsigned masked, bool clears,
             std::vector<uint32_t> &to, bool leavesRest = false);
  void joinRests();
  void appendInTurns();
  void appendCouples();
  void writeStage(uint32_t *to, const uint32_t *first, const uint32_t *second) const;
  uint32_t writeRun(std::span<uint32_t> chunks, uint32_t key) const;
  void complete(std::span<uint32_t> part, size_t chunks) const;

  std::vector<uint32_t> &stages;
  int64_t gather, keyCount, perStage, parts, perPart, pages;
  Division byGather;                                ///< keys into chunks
  std::array<Kept, 2> keptOf;                       ///< of the one or two tiles at hand
  std::array<std::vector<uint32_t>, kinds> written; ///< parts of each kind, the use after each
  std::vector<KeyRange> pieces, rest;
  /// Chunks that fill no part of their kind.
  struct Rest {
    std::vector<uint32_t> chunks;
    int64_t keys;
    unsigned users, masked;
  };
  std::vector<Rest> rests;
  SharedRanges inBoth; ///< of two tiles
};

} // namespace halftone
