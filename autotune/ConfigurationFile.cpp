#include "autotune/ConfigurationFile.h"

#include "autotune/CheckedJson.h"
#include "autotune/Digest.h"

namespace halftone {
namespace {

using Json = nlohmann::json;

constexpr const char *formatName = "halftone-configurations";
constexpr int formatVersion = 1;

Json toJson(const Measured &measured) {
  return {{"schedule", measured.schedule.text()},
          {"medianMilliseconds", measured.medianMilliseconds},
          {"spreadMilliseconds", measured.spreadMilliseconds}};
}

Json toJson(Key key) {
  Json json = Json::object();
  auto write = [&json](std::string_view name, auto &value) { json[std::string(name)] = value; };
  visitKey(key, {write, write, write});
  return json;
}

/// Of a configuration without its "sha256".
std::string digestOf(const Json &json) {
  Json rest = json;
  rest.erase("sha256");
  // What is not UTF-8 is refused later, with its place.
  return sha256(rest.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json toJson(const Configuration &configuration) {
  Json json = {
      {"key", toJson(configuration.key)},       {"problem", configuration.problem},
      {"best", toJson(configuration.best)},     {"runnersUp", Json::array()},
      {"device", configuration.device},         {"driver", configuration.driver},
      {"smClockMHz", configuration.smClockMHz}, {"memoryClockMHz", configuration.memoryClockMHz},
      {"timings", configuration.timings},       {"when", configuration.when}};
  for (const Measured &measured : configuration.runnersUp)
    json["runnersUp"].push_back(toJson(measured));
  if (configuration.defaultScheduleMilliseconds)
    json["defaultScheduleMilliseconds"] = *configuration.defaultScheduleMilliseconds;
  json["sha256"] = digestOf(json);
  return json;
}

/// The bytes of a file; always the same for the same value.
std::string fileText(const Json &document) { return document.dump(2) + "\n"; }

// The readers below take JSON that the schema has accepted.

Result<Measured> readMeasured(const Json &json) {
  Result<Schedule> schedule = Schedule::parse(json["schedule"].get<std::string>());
  if (!schedule)
    return schedule.error();
  return Measured{*schedule, json["medianMilliseconds"], json["spreadMilliseconds"]};
}

Key readKey(const Json &json) {
  Key key;
  auto read = [&json](std::string_view name, auto &value) {
    value = json[std::string(name)].get<std::decay_t<decltype(value)>>();
  };
  visitKey(key, {read, read, read});
  return key;
}

Result<Configuration> readConfiguration(const Json &json) {
  if (json["sha256"] != digestOf(json))
    return fileError("its sha256 does not match");
  Configuration result;
  result.key = readKey(json["key"]);
  result.problem = json["problem"];
  Result<Measured> best = readMeasured(json["best"]);
  if (!best)
    return fileError("its schedule is not one: " + best.error().text());
  result.best = *best;
  for (const Json &candidate : json["runnersUp"]) {
    // A runner-up is only for people: one with a field that this version does not know is left out.
    if (Result<Measured> measured = readMeasured(candidate))
      result.runnersUp.push_back(*measured);
  }
  if (json.contains("defaultScheduleMilliseconds"))
    result.defaultScheduleMilliseconds = json["defaultScheduleMilliseconds"].get<double>();
  result.device = json["device"];
  result.driver = json["driver"];
  result.smClockMHz = json.value("smClockMHz", int64_t(0));
  result.memoryClockMHz = json.value("memoryClockMHz", int64_t(0));
  result.timings = json.value("timings", int64_t(0));
  result.when = json["when"];
  return result;
}

Error notConfigurations(const std::string &reason) {
  return fileError("not a file of Halftone configurations: " + reason,
                   "give one that `halftone cache export` wrote");
}

Result<std::vector<Configuration>> readDocument(const Json &document) {
  std::vector<Configuration> result;
  for (const Json &json : document["configurations"]) {
    Result<Configuration> configuration = readConfiguration(json);
    if (!configuration)
      return notConfigurations("configuration " + std::to_string(result.size()) + ": " +
                               configuration.error().message);
    result.push_back(std::move(*configuration));
  }
  return result;
}

} // namespace

Result<std::string> writeConfigurations(const std::vector<Configuration> &configurations) {
  Json document = {
      {"format", formatName}, {"version", formatVersion}, {"configurations", Json::array()}};
  for (const Configuration &configuration : configurations)
    document["configurations"].push_back(toJson(configuration));
  // A time that is not finite, or a name with a control character, would not read back.
  if (Status valid = checkSchema(document, configurationsSchema()); !valid)
    return Error{ErrorCode::Misuse,
                 "not a configuration that can be kept: " + valid.error().message,
                 {},
                 {}};
  return fileText(document);
}

Result<std::vector<Configuration>> readConfigurations(std::string_view bytes) {
  Result<Json> document = readJson(bytes);
  if (!document)
    return notConfigurations(document.error().message);
  // The likeliest reason deserves a better sentence than the schema has.
  if (document->is_object() && document->value("format", Json()) == formatName &&
      document->contains("version") && (*document)["version"].is_number_integer() &&
      (*document)["version"] != formatVersion)
    return Error{ErrorCode::Unsupported,
                 "a file of Halftone configurations of version " + (*document)["version"].dump() +
                     "; this Halftone reads version " + std::to_string(formatVersion),
                 {},
                 "export it with the same Halftone as this one"};
  if (Status valid = checkSchema(*document, configurationsSchema()); !valid)
    return notConfigurations(valid.error().message);
  return readDocument(*document);
}

Result<Configuration> readEntry(std::string_view bytes, std::string_view keyHash) {
  Result<Json> document = readJson(bytes);
  if (!document)
    return notConfigurations(document.error().message);
  // Not one bit may differ from what was written, even where it would mean the same.
  if (fileText(*document) != bytes)
    return notConfigurations("it is not as it was written");
  if (Status valid = checkSchema(*document, configurationsSchema()); !valid)
    return notConfigurations(valid.error().message);
  Result<std::vector<Configuration>> all = readDocument(*document);
  if (!all)
    return all.error();
  if (all->size() != 1 || all->front().key.hash() != keyHash)
    return notConfigurations("it holds the result of another key");
  return std::move(all->front());
}

} // namespace halftone
