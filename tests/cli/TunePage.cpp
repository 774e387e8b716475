#include "cli/TunePage.h"

#include "cli/TunePageParts.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::cli;

namespace {

Problem clip() {
  auto [q, k] = Layout::frames(4, 64).tokens();
  return attention(Layout::frames(4, 64), {.heads = 2, .headDim = 32, .element = Element::F32})
      .where(abs(q.frame() - k.frame()) <= 1);
}

Standing standing(int tileQ, Verdict verdict, double milliseconds, std::string reason = {}) {
  Standing result;
  result.candidate = {{.tileQ = tileQ, .tileK = 32}, 0.5};
  result.verdict = verdict;
  result.reason = std::move(reason);
  result.milliseconds = milliseconds;
  result.spread = 0.0123;
  result.timings = 10;
  result.round = "measure";
  result.compileMs = 20;
  result.foundAt = double(tileQ) / 10;
  return result;
}

/// A search on the CPU whose default, with tiles of 64, lost against 32; what one of its candidates
/// says would be a script.
Tuned search() {
  Tuned tuned;
  SearchResult &result = tuned.report.search;
  result.standings = {
      standing(64, Verdict::Measured, 2),
      standing(32, Verdict::Measured, 1),
      standing(16, Verdict::Slow, 4, "given up"),
      standing(128, Verdict::WrongResult, 0, "<script>alert(1)</script> & \"more\""),
  };
  result.winner = 1;
  result.seconds = 12.5;
  result.rankCorrelation = 0.75;
  result.why = "the fastest of 2 measured interleaved";
  tuned.report.machine.name = "a <machine>";
  tuned.report.machine.multiprocessors = 2;
  tuned.report.machine.vectorWidth = 8;
  tuned.report.machine.clockHz = 2e9;
  tuned.report.spaceSize = 180;
  tuned.report.rejected = {
      {{.tileQ = 7}, {Limit::Shape, "tileQ=7 is not a multiple of 16"}},
      {{.tileQ = 9}, {Limit::Shape, "tileQ=9 is not a multiple of 16"}},
      {{.tileQ = 256}, {Limit::SharedMemory, "needs <too much> shared memory"}},
  };
  tuned.report.droppedDevices = {{3, "it fell off the bus"}};
  tuned.denseMs = 3;
  return tuned;
}

std::string pageOf(const Tuned &tuned) {
  auto page = tunePage({clip(), "near <frames>", 64}, Target::cpu(), tuned, "budget 20s");
  REQUIRE(page);
  return *page;
}

int countOf(const std::string &text, std::string_view part) {
  int count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at)
    ++count;
  return count;
}

bool has(const std::string &text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("the page has the best, what it is compared with, and each part once") {
  std::string page = pageOf(search());
  CHECK(has(page, "<b>1 ms</b><span>the best</span>"));
  CHECK(has(page, "<b>2.00&times;</b><span>as fast as the default</span>"));
  CHECK(has(page, "<b>3.00&times;</b><span>as fast as the dense pattern</span>"));
  CHECK(has(page, "<b>4 of 180</b>"));
  for (std::string_view heading : {"The mask", "The search", "Which knobs mattered",
                                   "All candidates", "What was left out, and why"})
    CHECK(countOf(page, "<h2>" + std::string(heading) + "</h2>") == 1);
  CHECK(countOf(page, "<svg") == 3); // density, convergence, roofline
  CHECK(countOf(page, "<img class=\"mask\"") == 1);
  CHECK(countOf(page, "<script>") == 1);
  CHECK(!has(page, "http:"));
  CHECK(!has(page, "https:"));
}

TEST_CASE("whatever is said in the search is text in the page") {
  std::string page = pageOf(search());
  CHECK(!has(page, "<script>alert"));
  CHECK(countOf(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;") == 2);
  CHECK(has(page, "<title>Tuning of near &lt;frames&gt;</title>"));
  CHECK(has(page, "cpu on a &lt;machine&gt;"));
  CHECK(!has(page, "<machine>"));
  CHECK(!has(page, "<too much>"));
}

TEST_CASE("candidates come by their time, those without one last") {
  Tuned tuned = search();
  ChosenProblem chosen{clip(), "near", 64};
  TunePageFacts facts{chosen, Target::cpu(), tuned, std::vector<std::optional<TileWork>>(4)};
  std::string html = candidatesPart(facts);
  CHECK(has(html, "<th scope=\"col\" aria-sort=\"ascending\" title=\"of its last round\">"
                  "<button type=\"button\">median ms</button></th>"));
  size_t at = 0;
  for (std::string_view row :
       {"<tr class=\"winner\"><td data-value=\"2\">2</td>", "<tr><td data-value=\"1\">1</td>",
        "<tr><td data-value=\"3\">3</td>", "<tr><td data-value=\"4\">4</td>"}) {
    size_t found = html.find(row);
    CHECK(found != std::string::npos);
    CHECK(found >= at);
    at = found;
  }
  CHECK(has(html, "<td class=\"text\">measured <b>best</b></td><td data-value=\"1\">1</td>"
                  "<td data-value=\"0.0123\">1.2</td>"));
  // No time, no rate: cells without a value.
  CHECK(has(html, "<td class=\"text fault\">wrong result</td><td></td><td></td><td></td>"));
  CHECK(!has(html, "registers")); // there are none on a CPU
}

TEST_CASE("a knob's value counts by the best time that has it") {
  Tuned tuned = search();
  ChosenProblem chosen{clip(), "near", 64};
  TunePageFacts facts{chosen, Target::cpu(), tuned, std::vector<std::optional<TileWork>>(4)};
  std::string html = knobsPart(facts);
  CHECK(countOf(html, "<section class=\"knob\">") == 1);
  // Of 16, 32 and 64: 4, 1 and 2 times the best; 128 was never timed.
  CHECK(has(html, "<td>16</td><td class=\"track\"><div style=\"width:100.0%\"></div></td>"
                  "<td>4.00</td><td>1</td>"));
  CHECK(has(html, "<td>32</td><td class=\"track\"><div style=\"width:25.0%\"></div></td>"
                  "<td>1.00</td><td>1</td>"));
  CHECK(has(html, "<td>64</td><td class=\"track\"><div style=\"width:50.0%\"></div></td>"
                  "<td>2.00</td><td>1</td>"));
  CHECK(!has(html, "128"));
  CHECK(has(html, "Only one value was timed: tileK=32, vectorWidth=0, order=longFirst."));
}

TEST_CASE("what was left out is counted by limit and by fault, with an example") {
  Tuned tuned = search();
  ChosenProblem chosen{clip(), "near", 64};
  TunePageFacts facts{chosen, Target::cpu(), tuned, std::vector<std::optional<TileWork>>(4)};
  std::string html = leftOutPart(facts);
  CHECK(has(html, "3 combinations of the knobs were rejected"));
  CHECK(has(html, "<b>2</b> by the limit <b>shape</b>"));
  CHECK(has(html, "<b>1</b> by the limit <b>sharedMemory</b>"));
  CHECK(has(html, "<li>1 &times; needs &lt;too much&gt; shared memory, such as <code>tileQ=256 "));
  CHECK(has(html, "176 of the 180 schedules that could run were not begun"));
  CHECK(has(html, "<td class=\"text fault\">wrong result</td><td data-value=\"1\">1</td>"));
  CHECK(has(html, "Device 3 was dropped: it fell off the bus"));

  tuned.report.rejected.clear();
  for (int i = 0; i < 50; ++i)
    tuned.report.rejected.push_back({{}, {Limit::Registers, "reason " + std::to_string(i)}});
  html = leftOutPart(facts);
  CHECK(countOf(html, "<li>1 &times; reason ") == 20);
  CHECK(has(html, "<li>30 for 30 other reasons</li>"));
}

TEST_CASE("the roof says where it comes from") {
  Tuned tuned = search();
  ChosenProblem chosen{clip(), "near", 64};
  TileWork work{.keptFlops = 1e9, .tileFlops = 2e9, .tileBytes = 1e8};
  TunePageFacts facts{chosen, Target::cpu(), tuned, {work, work, work, std::nullopt}};
  CHECK(*facts.tileTeraflops(1) == doctest::Approx(2));
  CHECK(!facts.tileTeraflops(3));
  CHECK(peakTeraflops(tuned.report.machine) == doctest::Approx(2 * 32 * 2e9 * 1e-12));
  std::string html = rooflinePart(facts);
  CHECK(countOf(html, "<circle") == 3);
  CHECK(has(html, "a &lt;machine&gt; can do at most: 2 cores of 32 operations a clock at 2.00 GHz, "
                  "0.128 TFLOP/s"));
  CHECK(!has(html, "The slope is memory"));

  MachineFacts &machine = tuned.report.machine;
  machine.computeCapability = 90;
  machine.multiprocessors = 132;
  machine.memoryBytesPerSecond = 3.35e12;
  tuned.report.search.standings[1].clockMhz = 1500;
  html = rooflinePart(facts);
  CHECK(has(html, "132 multiprocessors of 4096 operations a clock"));
  CHECK(has(html, "The dashed line is at the 1500 MHz at which the best was timed."));
  CHECK(has(html, "The slope is memory at 3350 GB/s"));

  machine.clockHz = 0;
  html = rooflinePart(facts);
  CHECK(has(html, "there is no roof"));
  CHECK(!has(html, "class=\"roof\""));
}

TEST_CASE("a search without a winner, or with nothing at all, has a page that says so") {
  Tuned tuned = search();
  tuned.report.search.winner.reset();
  tuned.report.search.why = "no candidate could be timed";
  tuned.report.search.complete = false;
  for (Standing &standing : tuned.report.search.standings)
    standing.verdict = Verdict::Hang;
  std::string page = pageOf(tuned);
  CHECK(has(page, "There is no winner: no candidate could be timed."));
  CHECK(has(page, "The search was interrupted"));
  CHECK(!has(page, "<h2>The search</h2>"));
  CHECK(!has(page, "<h2>Which knobs mattered</h2>"));
  CHECK(has(page, "<h2>All candidates</h2>"));

  tuned.report.search.standings.clear();
  tuned.report.trouble = fileError("the journal is full", "make room");
  page = pageOf(tuned);
  CHECK(has(page, "The search ended early: the journal is full; make room"));
  CHECK(!has(page, "<h2>All candidates</h2>"));
  CHECK(has(page, "180 of the 180 schedules that could run were not begun"));
}

TEST_CASE("an interrupted search has rates of the best and the default alone") {
  Tuned tuned = search();
  CHECK(countOf(pageOf(tuned), " TFLOP/s: tileQ=") == 3);
  tuned.report.search.complete = false;
  std::string page = pageOf(tuned);
  CHECK(countOf(page, " TFLOP/s: tileQ=") == 2);
  CHECK(has(page, "of the best and the default alone"));
}

TEST_CASE("a sequence has no density by frame distance") {
  Tuned tuned = search();
  auto page = tunePage({attention(Layout::sequence(256), {.headDim = 32}), "dense", 64},
                       Target::cpu(), tuned, "budget 20s");
  REQUIRE(page);
  CHECK(countOf(*page, "<svg") == 2);
  CHECK(!has(*page, "frames apart"));
}
