#include "autotune/CheckedJson.h"

#include <llvm/Support/JSON.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

namespace halftone {
namespace {

using Json = nlohmann::json;

constexpr size_t mostBytes = 16 << 20;
constexpr int mostLevels = 64;
/// Of a field's name. No schema of ours has one near, and messages repeat it.
constexpr size_t mostNameBytes = 200;

/// A schema, read once. Reading it is what costs; a schema of ours is always valid.
const valijson::Schema &parsedSchema(std::string_view text) {
  static std::mutex mutex;
  static std::map<std::string_view, std::unique_ptr<valijson::Schema>> schemas;
  std::lock_guard lock(mutex);
  std::unique_ptr<valijson::Schema> &schema = schemas[text];
  if (!schema) {
    schema = std::make_unique<valijson::Schema>();
    Json json = Json::parse(text);
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(json), *schema);
  }
  return *schema;
}

/// {"<root>", "[configurations]", "[0]", "[key]"} as "configurations[0].key".
std::string placeOf(const std::vector<std::string> &context) {
  std::string place;
  for (const std::string &step : context) {
    if (step == "<root>")
      continue;
    bool number = step.size() > 2 && step[1] >= '0' && step[1] <= '9';
    if (number)
      place += step;
    else
      place += (place.empty() ? "" : ".") + step.substr(1, step.size() - 2);
  }
  return place;
}

/// Why text cannot go into a message or to a terminal; empty where it can.
std::string unprintable(const std::string &text) {
  for (unsigned char c : text)
    if (c < ' ' || c == 0x7f)
      return "holds a control character";
  return llvm::json::isUTF8(text) ? "" : "is not UTF-8";
}

/// What is wrong with a string or number whatever the schema; empty where nothing is.
std::string wrongByItself(const Json &value) {
  if (value.is_number_float() && !std::isfinite(value.get<double>()))
    return "it is not a finite number";
  std::string reason = value.is_string() ? unprintable(value.get_ref<const std::string &>()) : "";
  return reason.empty() ? reason : "it " + reason;
}

/// What is wrong with a field's name whatever the schema; empty where nothing is.
std::string wrongName(const std::string &name) {
  std::string reason = name.size() > mostNameBytes ? "has " + std::to_string(name.size()) + " bytes"
                                                   : unprintable(name);
  return reason.empty() ? reason : "the name of a field " + reason;
}

/// "place: reason" of the first such value or name in `json`, which is at `place`.
std::string firstWrong(const Json &json, const std::string &place) {
  std::string before = place.empty() ? "" : place + ": ";
  if (!json.is_structured()) {
    std::string reason = wrongByItself(json);
    return reason.empty() ? reason : before + reason;
  }
  for (const auto &[name, value] : json.items()) {
    if (std::string reason = wrongName(name); !reason.empty())
      return before + reason;
    std::string inner = place;
    if (json.is_array())
      inner.append("[").append(name).append("]");
    else
      inner.append(place.empty() ? "" : ".").append(name);
    if (std::string found = firstWrong(value, inner); !found.empty())
      return found;
  }
  return {};
}

} // namespace

Result<Json> readJson(std::string_view bytes) {
  if (bytes.size() > mostBytes)
    return fileError("it is larger than 16 MiB");
  bool tooDeep = false;
  auto watch = [&tooDeep](int depth, Json::parse_event_t, Json &) {
    tooDeep |= depth > mostLevels;
    return depth <= mostLevels;
  };
  try {
    Json json = Json::parse(bytes, watch);
    if (tooDeep)
      return fileError("it is more than 64 levels deep");
    return json;
  } catch (const Json::exception &failure) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    std::string text = failure.what();
    size_t end = text.find("] ");
    text.erase(0, end == std::string::npos ? 0 : end + 2);
    // "...; last read: '" and bytes of the file, which may be anything.
    if (!unprintable(text).empty())
      text.erase(std::min(text.find("; last read: "), text.size()));
    return fileError(text);
  }
}

Status checkSchema(const Json &document, std::string_view schema) {
  if (std::string wrong = firstWrong(document, {}); !wrong.empty())
    return fileError(wrong);
  valijson::Validator validator;
  valijson::ValidationResults results;
  valijson::adapters::NlohmannJsonAdapter adapter(document);
  if (validator.validate(parsedSchema(schema), adapter, &results))
    return {};
  // The deepest place says most; the errors above it only repeat that something inside is wrong.
  valijson::ValidationResults::Error error, deepest;
  while (results.popError(error))
    if (error.context.size() > deepest.context.size())
      deepest = error;
  std::string place = placeOf(deepest.context);
  if (deepest.description.ends_with('.'))
    deepest.description.pop_back();
  return fileError((place.empty() ? "" : place + ": ") + deepest.description);
}

} // namespace halftone
