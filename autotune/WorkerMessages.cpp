#include "autotune/WorkerMessages.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace halftone {

namespace {

using Json = nlohmann::ordered_json;

/// A line as an object, if it is one.
std::optional<Json> objectOf(std::string_view line) {
  Json document = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object())
    return std::nullopt;
  return document;
}

std::string lineOf(const Json &document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Reads `reader(object)` where the answer is to question `number`. nlohmann/json reports a missing
/// or unfit field by throwing; that goes no further than here.
template <typename Reader>
auto readAnswer(std::string_view line, int64_t number, const Reader &reader)
    -> std::optional<decltype(reader(std::declval<const Json &>()))> {
  std::optional<Json> answer = objectOf(line);
  if (!answer)
    return std::nullopt;
  try {
    if (answer->at("answer").get<int64_t>() != number)
      return std::nullopt;
    return reader(*answer);
  } catch (const Json::exception &) {
    return std::nullopt;
  }
}

/// The verdict of an answer; a name that there is not is an unfit field.
Verdict verdictOf(const Json &answer) {
  Verdict verdict{};
  auto name = answer.at("verdict").get<std::string>();
  if (!parseVerdict(name, verdict))
    throw Json::other_error::create(501, "unknown verdict", &answer);
  return verdict;
}

Task taskOf(const Json &task) {
  return {.problem = task.at("problem"),
          .target = task.at("target"),
          .device = task.at("device"),
          .measures = task.at("measures"),
          .coldCache = task.at("coldCache"),
          .ptxas = task.at("ptxas"),
          .seed = task.at("seed")};
}

MeasureOrder orderOf(const Json &order) {
  Result<Schedule> schedule = Schedule::parse(order.at("schedule").get<std::string>());
  if (!schedule)
    throw Json::other_error::create(501, "not a schedule", &order);
  MeasureOrder result{.schedule = *schedule, .image = order.at("image")};
  if (order.contains("timings")) {
    result.timings = order.at("timings");
    result.giveUpMs = order.at("giveUpMs");
    result.thorough = order.at("thorough");
    result.sustained = order.at("sustained");
  }
  return result;
}

} // namespace

std::string writeQuestion(const Question &question) {
  Json document;
  const MeasureOrder &order = question.order;
  switch (question.kind) {
  case Question::Kind::Open: {
    const Task &task = question.task;
    document = {{"do", "open"},
                {"question", question.number},
                {"problem", task.problem},
                {"target", task.target},
                {"device", task.device},
                {"measures", task.measures},
                {"coldCache", task.coldCache},
                {"ptxas", task.ptxas},
                {"seed", task.seed}};
    break;
  }
  case Question::Kind::Compile:
    document = {{"do", "compile"},
                {"question", question.number},
                {"schedule", order.schedule.text()},
                {"image", order.image}};
    break;
  case Question::Kind::Measure:
    document = {{"do", "measure"},
                {"question", question.number},
                {"schedule", order.schedule.text()},
                {"image", order.image},
                {"timings", order.timings},
                {"giveUpMs", order.giveUpMs},
                {"thorough", order.thorough},
                {"sustained", order.sustained}};
    break;
  }
  return lineOf(document);
}

std::optional<Question> readQuestion(std::string_view line) {
  std::optional<Json> document = objectOf(line);
  if (!document)
    return std::nullopt;
  try {
    Question question;
    question.number = document->at("question");
    auto what = document->at("do").get<std::string>();
    if (what == "open") {
      question.task = taskOf(*document);
      return question;
    }
    if (what != "compile" && what != "measure")
      return std::nullopt;
    question.kind = what == "compile" ? Question::Kind::Compile : Question::Kind::Measure;
    question.order = orderOf(*document);
    return question;
  } catch (const Json::exception &) {
    return std::nullopt;
  }
}

nlohmann::ordered_json factsDocument(const MachineFacts &facts) {
  return {{"name", facts.name},
          {"identity", facts.identity},
          {"computeCapability", facts.computeCapability},
          {"multiprocessors", facts.multiprocessors},
          {"clockHz", facts.clockHz},
          {"memoryBytesPerSecond", facts.memoryBytesPerSecond},
          {"sharedBytesPerMultiprocessor", facts.sharedBytesPerMultiprocessor},
          {"l2Bytes", facts.l2Bytes},
          {"vectorWidth", facts.vectorWidth},
          {"driverVersion", facts.driverVersion},
          {"uuid", facts.uuid},
          {"wattLimit", facts.wattLimit}};
}

MachineFacts factsOf(const nlohmann::ordered_json &document) {
  return {.name = document.at("name"),
          .identity = document.at("identity"),
          .computeCapability = document.at("computeCapability"),
          .multiprocessors = document.at("multiprocessors"),
          .clockHz = document.at("clockHz"),
          .memoryBytesPerSecond = document.at("memoryBytesPerSecond"),
          .sharedBytesPerMultiprocessor = document.at("sharedBytesPerMultiprocessor"),
          .l2Bytes = document.at("l2Bytes"),
          .vectorWidth = document.at("vectorWidth"),
          .driverVersion = document.at("driverVersion"),
          .uuid = document.at("uuid"),
          .wattLimit = document.at("wattLimit")};
}

std::string writeAnswer(int64_t number, const Result<MachineFacts> &facts) {
  Json document{{"answer", number}};
  if (facts)
    document["facts"] = factsDocument(*facts);
  else
    document["error"] = {{"code", int(facts.error().code)},
                         {"message", facts.error().message},
                         {"fix", facts.error().fix}};
  return lineOf(document);
}

std::string writeAnswer(int64_t number, const CompileReport &report) {
  return lineOf({{"answer", number},
                 {"verdict", verdictName(report.verdict)},
                 {"reason", report.reason},
                 {"compileMs", report.compileMs},
                 {"registers", report.registers},
                 {"spillBytes", report.spillBytes}});
}

std::string writeAnswer(int64_t number, const MeasureReport &report) {
  return lineOf({{"answer", number},
                 {"verdict", verdictName(report.verdict)},
                 {"reason", report.reason},
                 {"milliseconds", report.milliseconds},
                 {"clockMhz", report.clockMhz},
                 {"watts", report.watts},
                 {"lost", report.lost}});
}

std::optional<Result<MachineFacts>> readFacts(std::string_view line, int64_t number) {
  return readAnswer(line, number, [](const Json &answer) -> Result<MachineFacts> {
    if (answer.contains("error")) {
      const Json &error = answer.at("error");
      return Error{
          ErrorCode(error.at("code").get<int>()), error.at("message"), {}, error.at("fix")};
    }
    return factsOf(answer.at("facts"));
  });
}

std::optional<CompileReport> readCompileReport(std::string_view line, int64_t number) {
  return readAnswer(line, number, [](const Json &answer) {
    return CompileReport{.verdict = verdictOf(answer),
                         .reason = answer.at("reason"),
                         .compileMs = answer.at("compileMs"),
                         .registers = answer.at("registers"),
                         .spillBytes = answer.at("spillBytes")};
  });
}

std::optional<MeasureReport> readMeasureReport(std::string_view line, int64_t number) {
  std::optional<MeasureReport> report = readAnswer(line, number, [](const Json &answer) {
    return MeasureReport{.verdict = verdictOf(answer),
                         .reason = answer.at("reason"),
                         .milliseconds = answer.at("milliseconds").get<std::vector<double>>(),
                         .clockMhz = answer.at("clockMhz"),
                         .watts = answer.at("watts"),
                         .lost = answer.at("lost")};
  });
  if (!report)
    return report;
  // A time is positive, and there is one where there should be.
  for (double time : report->milliseconds)
    if (!(time > 0) || !std::isfinite(time))
      return std::nullopt;
  if (isTimed(report->verdict) && report->milliseconds.empty())
    return std::nullopt;
  return report;
}

} // namespace halftone
