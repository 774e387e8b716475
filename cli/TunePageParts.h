#pragma once

#include "cli/TileWork.h"
#include "cli/TuneReport.h"

namespace halftone::cli {

/// What the parts of a tuning report look at.
struct TunePageFacts {
  const ChosenProblem &chosen;
  const Target &target;
  const Tuned &tuned;
  /// Of each standing, those that were timed and can be planned.
  std::vector<std::optional<TileWork>> work;

  const SearchResult &search() const { return tuned.report.search; }
  /// On the pairs of kept tiles; nothing where there is no time.
  std::optional<double> tileTeraflops(size_t standing) const;
  /// "best", "default", "best, default" or nothing.
  std::string_view roleOf(size_t standing) const;
};

/// What the machine could do at most; 0 where that is not known.
double peakTeraflops(const MachineFacts &machine);

/// A knob's value in a schedule, as Schedule::text() has it.
std::string knobText(const Knob &knob, const Schedule &schedule);

// Parts of the page. A part that has nothing to show is empty.

/// How much of the video is kept, by the distance between frames.
std::string densityPart(const BlockMask &mask, const Problem &problem);
/// The best time so far against the seconds of the search.
std::string convergencePart(const TunePageFacts &facts);
/// Rates on kept tiles under the roof of the machine (Williams, Waterman and Patterson, "Roofline",
/// CACM 2009).
std::string rooflinePart(const TunePageFacts &facts);
/// For each knob the best time at each of its values.
std::string knobsPart(const TunePageFacts &facts);
/// A row for each candidate.
std::string candidatesPart(const TunePageFacts &facts);
/// Limits with counts, faults with reasons, devices that were dropped.
std::string leftOutPart(const TunePageFacts &facts);

} // namespace halftone::cli
