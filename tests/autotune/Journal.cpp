#include "autotune/Journal.h"

#include "tests/autotune/TuneFolder.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::test;

namespace {

Trial trialOf(const char *schedule, const char *round = "screen 1") {
  Trial trial;
  trial.schedule = *Schedule::parse(schedule);
  trial.round = round;
  return trial;
}

Outcome outcomeOf(Verdict verdict, std::vector<double> times = {}) {
  Outcome outcome;
  outcome.verdict = verdict;
  outcome.reason = verdict == Verdict::Measured ? "" : "so";
  outcome.milliseconds = std::move(times);
  outcome.elapsed = 3.5;
  outcome.registers = 77;
  outcome.device = 2;
  summarise(outcome);
  return outcome;
}

Journal mustOpen(const TuneFolder &folder, Journal::Mode mode) {
  Result<Journal> journal = Journal::open(folder.path("j"), "purpose", "settings", mode);
  REQUIRE_MESSAGE(journal, journal.error().text());
  return std::move(*journal);
}

} // namespace

TEST_CASE("a journal gives back what it was told") {
  TuneFolder folder;
  Trial first = trialOf("tileQ=64"), second = trialOf("tileQ=128", "race 1");
  second.device = 3;
  {
    Journal journal = mustOpen(folder, Journal::Mode::Fresh);
    REQUIRE(journal.begin(first));
    REQUIRE(journal.record(first, outcomeOf(Verdict::Measured, {2, 1, 3})));
    REQUIRE(journal.batchDone(1));
    REQUIRE(journal.begin(second));
    REQUIRE(journal.record(second, outcomeOf(Verdict::WrongResult)));
    REQUIRE(journal.note("note", "for people"));
  }
  Journal journal = mustOpen(folder, Journal::Mode::Resume);
  CHECK(journal.recordedOutcomes() == 2);
  CHECK(journal.unreadLines() == 0);
  CHECK(journal.isBatchDone(1));
  CHECK_FALSE(journal.isBatchDone(2));
  std::optional<Outcome> found = journal.find(first);
  REQUIRE(found);
  CHECK(found->milliseconds == std::vector<double>{2, 1, 3});
  CHECK(found->medianMs == 2);
  CHECK(found->elapsed == 3.5);
  CHECK(found->registers == 77);
  CHECK(found->device == 2);
  REQUIRE(journal.find(second));
  CHECK(journal.find(second)->verdict == Verdict::WrongResult);
  CHECK(journal.find(second)->reason == "so");
  second.device = 4; // another trial
  CHECK_FALSE(journal.find(second));
  CHECK_FALSE(journal.knownFault(first.schedule));
}

TEST_CASE("a journal cut anywhere resumes with all its whole lines") {
  TuneFolder folder;
  std::vector<Trial> trials = {trialOf("tileQ=64"), trialOf("tileQ=80"), trialOf("tileQ=96")};
  {
    Journal journal = mustOpen(folder, Journal::Mode::Fresh);
    for (const Trial &trial : trials) {
      REQUIRE(journal.begin(trial));
      REQUIRE(journal.record(trial, outcomeOf(Verdict::Measured, {1.25})));
    }
  }
  std::string whole = folder.read("j");
  size_t lastCount = 0;
  for (size_t length = 0; length <= whole.size(); length += 1 + (length + 3 < whole.size()) * 2) {
    folder.write("j", whole.substr(0, length));
    Journal journal = mustOpen(folder, Journal::Mode::Resume);
    REQUIRE(journal.recordedOutcomes() >= lastCount);
    lastCount = journal.recordedOutcomes();
    REQUIRE(journal.unreadLines() == 0);
    REQUIRE(journal.record(trialOf("tileQ=112"), outcomeOf(Verdict::Measured, {9})));
    Journal closed = std::move(journal);
  }
  CHECK(lastCount == 3);
  // What was appended after a cut reads back.
  Journal journal = mustOpen(folder, Journal::Mode::Resume);
  CHECK(journal.recordedOutcomes() == 4);
}

TEST_CASE("lines that are damaged are passed over") {
  TuneFolder folder;
  {
    Journal journal = mustOpen(folder, Journal::Mode::Fresh);
    REQUIRE(journal.record(trialOf("tileQ=64"), outcomeOf(Verdict::Measured, {1})));
  }
  std::string text = folder.read("j");
  // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): the last is one line in three pieces
  std::string bad[] = {
      "{\"trial\":1}",
      "[]",
      "nonsense",
      "{\"batch\":\"x\"}",
      "{\"what\":2}",
      "{\"trial\":\"t\",\"schedule\":\"s\",\"verdict\":\"measured\",\"reason\":\"\","
      "\"milliseconds\":[-1],\"clockMhz\":0,\"device\":0,\"registers\":0,"
      "\"spillBytes\":0,\"compileMs\":0,\"elapsed\":0}"};
  for (const std::string &line : bad)
    text += line + "\n";
  folder.write("j", text);
  Journal journal = mustOpen(folder, Journal::Mode::Resume);
  CHECK(journal.recordedOutcomes() == 1);
  CHECK(journal.unreadLines() == std::size(bad));
}

TEST_CASE("a hang is known to the next search for the same, whatever its settings") {
  TuneFolder folder;
  Trial hung = trialOf("tileQ=64"), fine = trialOf("tileQ=128");
  {
    Journal journal = mustOpen(folder, Journal::Mode::Fresh);
    REQUIRE(journal.record(hung, outcomeOf(Verdict::Hang)));
    REQUIRE(journal.record(fine, outcomeOf(Verdict::IllegalAddress)));
  }
  for (int i = 0; i < 2; ++i) {
    Result<Journal> journal =
        Journal::open(folder.path("j"), "purpose", "others", Journal::Mode::Fresh);
    REQUIRE(journal);
    CHECK(journal->recordedOutcomes() == 0);
    CHECK(journal->knownFault(hung.schedule) == "so");
    CHECK_FALSE(journal->knownFault(fine.schedule));
  }
  Result<Journal> other =
      Journal::open(folder.path("j"), "another purpose", "settings", Journal::Mode::Fresh);
  REQUIRE(other);
  CHECK_FALSE(other->knownFault(hung.schedule));
}

TEST_CASE("a trial that the search never comes back from is given up after three times") {
  TuneFolder folder;
  Trial deadly = trialOf("tileQ=64"), withdrawn = trialOf("tileQ=128");
  for (int i = 1; i <= 3; ++i) {
    Journal journal = mustOpen(folder, i == 1 ? Journal::Mode::Fresh : Journal::Mode::Resume);
    CHECK_FALSE(journal.knownFault(deadly.schedule));
    REQUIRE(journal.begin(deadly));
    REQUIRE(journal.begin(withdrawn));
    REQUIRE(journal.withdraw(withdrawn));
  }
  Journal journal = mustOpen(folder, Journal::Mode::Resume);
  CHECK(journal.knownFault(deadly.schedule) == "the search ended 3 times while it ran");
  CHECK_FALSE(journal.knownFault(withdrawn.schedule));
  journal.forgive();
  CHECK_FALSE(journal.knownFault(deadly.schedule));
}

TEST_CASE("a journal is for one search at a time, and says of which") {
  TuneFolder folder;
  std::string path = folder.path("j");
  {
    Journal journal = mustOpen(folder, Journal::Mode::Fresh);
    Result<Journal> second = Journal::open(path, "purpose", "settings", Journal::Mode::Resume);
    REQUIRE_FALSE(second);
    CHECK(second.error().text() == "another search has the journal " + path +
                                       " open; wait for it, or name another file with --journal");
  }
  Result<Journal> other = Journal::open(path, "else", "settings", Journal::Mode::Resume);
  REQUIRE_FALSE(other);
  CHECK(other.error().text() ==
        "the journal " + path +
            " is of another search: purpose; leave --resume out, or name another file with "
            "--journal");
  other = Journal::open(path, "purpose", "else", Journal::Mode::Resume);
  REQUIRE_FALSE(other);
  CHECK(other.error().text() == "the journal " + path +
                                    " is of a search with settings; give the same settings, or "
                                    "leave --resume out");
  folder.write("letter", "Dear John,\n");
  for (Journal::Mode mode : {Journal::Mode::Fresh, Journal::Mode::Resume}) {
    other = Journal::open(folder.path("letter"), "purpose", "settings", mode);
    REQUIRE_FALSE(other);
    CHECK(other.error().text() == folder.path("letter") +
                                      " is there and is not a journal of a search; name another "
                                      "file with --journal");
  }
  CHECK(folder.read("letter") == "Dear John,\n");
  other = Journal::open(folder.path("no/j"), "purpose", "settings", Journal::Mode::Fresh);
  REQUIRE_FALSE(other);
  CHECK(other.error().text() == "cannot open the journal " + folder.path("no/j") +
                                    ": No such file or directory; name another file with "
                                    "--journal");
}
