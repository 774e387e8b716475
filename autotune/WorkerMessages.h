#pragma once

#include "autotune/Backend.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace halftone {

// What the tuner and its workers say to each other: one JSON object a line, each answer with the
// number of its question. A number missing from an answer, or of the wrong kind, makes it garbage.

struct Question {
  enum class Kind : uint8_t { Open, Compile, Measure } kind = Kind::Open;
  int64_t number = 0;
  Task task;          ///< Open
  MeasureOrder order; ///< Compile: its schedule and image; Measure
};
std::string writeQuestion(const Question &question);
std::optional<Question> readQuestion(std::string_view line);

std::string writeAnswer(int64_t number, const Result<MachineFacts> &facts);
std::string writeAnswer(int64_t number, const CompileReport &report);
std::string writeAnswer(int64_t number, const MeasureReport &report);

/// What the answer to question `number` holds; nothing where the line is anything else.
std::optional<Result<MachineFacts>> readFacts(std::string_view line, int64_t number);
std::optional<CompileReport> readCompileReport(std::string_view line, int64_t number);
std::optional<MeasureReport> readMeasureReport(std::string_view line, int64_t number);

/// All of a machine's facts, also for results that others read.
nlohmann::ordered_json factsDocument(const MachineFacts &facts);
/// Throws what nlohmann/json does where a fact is missing or of the wrong kind.
MachineFacts factsOf(const nlohmann::ordered_json &document);

} // namespace halftone
