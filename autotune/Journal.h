#pragma once

#include "autotune/MachineFacts.h"
#include "autotune/Trial.h"
#include "dsl/Error.h"

#include <memory>
#include <optional>

namespace halftone {

/// The record of a search on disk: one JSON object a line, each appended and synchronised the
/// moment it is known, so that whatever ends the process takes at most the trial under way with it.
///
/// A first line says what the search is for; then there is a line when a trial begins, one with its
/// outcome, one when a batch of trials is done, and notes. A torn last line is cut off when it is
/// opened again; other lines that are not understood are passed over and counted. Only one process
/// has it open. Calls may come from several threads.
class Journal {
public:
  enum class Mode : uint8_t {
    Fresh,  ///< begins anew; trials that hung are known from the last search for the same
    Resume, ///< goes on
  };
  /// `purpose`: what the search is for; `settings`: how it searches; one line each. Resuming a
  /// journal with others is a Misuse; one that does not exist yet begins. Known faults belong to
  /// the purpose. A journal that another process has open is a File error.
  static Result<Journal> open(const std::string &path, const std::string &purpose,
                              const std::string &settings, Mode mode);
  /// A journal in memory, which nothing outlives.
  static Journal inMemory();
  Journal(Journal &&) noexcept;
  Journal &operator=(Journal &&) noexcept;
  ~Journal();

  const std::string &path() const;
  /// Outcomes that an earlier process recorded.
  size_t recordedOutcomes() const;
  size_t unreadLines() const;
  /// The outcome that an earlier process, or this one, recorded.
  std::optional<Outcome> find(const Trial &trial) const;
  /// Why a schedule must not be run again: it hung, or earlier processes ended while it ran, three
  /// times.
  std::optional<std::string> knownFault(const Schedule &schedule) const;
  /// Whether an earlier process came to the end of batch `number`.
  bool isBatchDone(int64_t number) const;
  /// Forgets known faults.
  void forgive();

  /// Says which device measures under an ordinal, by what it can be told from others. That it was
  /// another one before is a Misuse: times of two devices are not compared.
  Status device(int ordinal, const MachineFacts &facts);
  Status begin(const Trial &trial);
  /// A trial that was begun was stopped on purpose, and says nothing of its schedule.
  Status withdraw(const Trial &trial);
  Status record(const Trial &trial, const Outcome &outcome);
  Status batchDone(int64_t number);
  /// A line that is only for people.
  Status note(std::string_view kind, std::string_view text);

private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace halftone
