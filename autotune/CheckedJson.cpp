#include "autotune/CheckedJson.h"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <map>
#include <mutex>

namespace halftone {
namespace {

using Json = nlohmann::json;

constexpr size_t mostBytes = 16 << 20;
constexpr int mostLevels = 64;

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

/// The place of the first string with a control character below `json`; empty if there is none.
std::string controlCharacter(const Json &json, const std::string &place) {
  if (json.is_string()) {
    for (unsigned char c : json.get_ref<const std::string &>())
      if (c < ' ' || c == 0x7f)
        return place;
    return {};
  }
  if (!json.is_structured())
    return {};
  for (const auto &[name, value] : json.items()) {
    std::string inner =
        json.is_array() ? place + "[" + name + "]" : place + (place.empty() ? "" : ".") + name;
    if (std::string found = controlCharacter(value, inner); !found.empty())
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
    return fileError(end == std::string::npos ? text : text.substr(end + 2));
  }
}

Status checkSchema(const Json &document, std::string_view schema) {
  valijson::Validator validator;
  valijson::ValidationResults results;
  valijson::adapters::NlohmannJsonAdapter adapter(document);
  if (validator.validate(parsedSchema(schema), adapter, &results)) {
    if (std::string place = controlCharacter(document, {}); !place.empty())
      return fileError(place + ": it holds a control character");
    return {};
  }
  // The deepest place says most; the errors above it only repeat that something inside is wrong.
  valijson::ValidationResults::Error error, deepest;
  while (results.popError(error))
    if (error.context.size() > deepest.context.size())
      deepest = error;
  std::string place = placeOf(deepest.context);
  return fileError((place.empty() ? "" : place + ": ") + deepest.description);
}

} // namespace halftone
