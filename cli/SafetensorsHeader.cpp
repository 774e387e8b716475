#include "cli/SafetensorsHeader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace halftone::cli {
namespace {

/// Reads the header event by event, so that no tree is built of what a stranger sent. The format is
/// {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...,
///  "__metadata__": {"key": "value", ...}}.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
public:
  std::vector<SafetensorsEntry> entries;
  std::string problem; ///< why it was given up

  bool start_object(std::size_t) override {
    if (depth == 0 || (depth == 1 && !inMetadata)) {
      if (depth == 1)
        hasType = hasShape = hasOffsets = false;
      return ++depth, true;
    }
    if (depth == 1)
      return ++depth, true;
    return refuse("an object where none belongs");
  }
  bool end_object() override {
    --depth;
    if (depth == 1 && !inMetadata && !(hasType && hasShape && hasOffsets))
      return refuse(fmt::format("no `{}`", !hasType    ? "dtype"
                                           : !hasShape ? "shape"
                                                       : "data_offsets"));
    return true;
  }
  bool key(string_t &name) override {
    if (depth == 1) {
      inMetadata = name == "__metadata__";
      if (!names.insert(name).second) {
        problem = fmt::format("the name `{}` appears twice", printable(name));
        return false;
      }
      if (!inMetadata)
        entries.push_back({.name = name, .type = {}, .shape = {}});
      return true;
    }
    if (inMetadata)
      return true;
    field = name;
    bool *seen = name == "dtype"          ? &hasType
                 : name == "shape"        ? &hasShape
                 : name == "data_offsets" ? &hasOffsets
                                          : nullptr;
    if (!seen)
      return refuse(fmt::format("an unknown field `{}`", printable(name)));
    if (*seen)
      return refuse(fmt::format("`{}` twice", name));
    return *seen = true;
  }
  bool start_array(std::size_t) override {
    if (depth != 2 || inMetadata || field == "dtype")
      return refuse("an array where none belongs");
    ++depth;
    offsetCount = 0;
    return true;
  }
  bool end_array() override {
    --depth;
    return field == "shape" || offsetCount == 2 ||
           refuse("`data_offsets` that are not two numbers");
  }
  bool string(string_t &value) override {
    if (depth == 2 && inMetadata)
      return true;
    if (depth != 2 || field != "dtype")
      return refuse("a string where none belongs");
    entries.back().type = value;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth != 3)
      return refuse("a number where none belongs");
    SafetensorsEntry &entry = entries.back();
    if (field == "shape") {
      if (entry.shape.size() == maximumRank)
        return refuse(fmt::format("more than {} dimensions", maximumRank));
      entry.shape.push_back(value);
      return true;
    }
    if (offsetCount == 2)
      return refuse("`data_offsets` that are not two numbers");
    (offsetCount++ == 0 ? entry.begin : entry.end) = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    return refuse(fmt::format("the negative number {}", value));
  }
  bool number_float(number_float_t, const string_t &text) override {
    return refuse(fmt::format("{}, which is not a whole number below 2^64", printable(text)));
  }
  bool null() override { return refuse("a null"); }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool binary(binary_t &) override { return refuse("binary data"); }
  bool parse_error(std::size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    problem = fmt::format("the header is not JSON at byte {}", position);
    return false;
  }

private:
  static constexpr size_t maximumRank = 16;

  bool refuse(const std::string &what) {
    problem = depth == 0 || names.empty() ? fmt::format("the header has {}", what)
              : inMetadata                ? fmt::format("`__metadata__` has {}", what)
              : entries.empty()
                  ? fmt::format("the header has {}", what)
                  : fmt::format("tensor `{}` has {}", printable(entries.back().name), what);
    return false;
  }

  int depth = 0;
  bool inMetadata = false, hasType = false, hasShape = false, hasOffsets = false;
  int offsetCount = 0;
  std::string field;
  std::set<std::string, std::less<>> names;
};

/// Why the bytes of one tensor cannot be what the header says; empty when they can.
std::string sizeProblem(const SafetensorsEntry &entry, uint64_t dataBytes) {
  if (entry.begin > entry.end)
    return fmt::format("ends at byte {}, before it begins at {}", entry.end, entry.begin);
  if (entry.end > dataBytes)
    return fmt::format("ends at byte {} of {} bytes of data", entry.end, dataBytes);
  uint64_t bytes = safetensorsTypeBytes(entry.type);
  if (bytes == 0)
    return fmt::format("has the unknown type `{}`", printable(entry.type));
  for (uint64_t size : entry.shape)
    if (__builtin_mul_overflow(bytes, size, &bytes))
      return fmt::format("has the shape [{}], whose size overflows 64 bits",
                         fmt::join(entry.shape, ", "));
  if (bytes != entry.end - entry.begin)
    return fmt::format("of type {} and shape [{}] needs {} bytes, but has {}", entry.type,
                       fmt::join(entry.shape, ", "), bytes, entry.end - entry.begin);
  return {};
}

} // namespace

std::string printable(std::string_view text) {
  constexpr size_t longest = 60;
  size_t end = std::min(text.size(), longest);
  // Not inside a character of several bytes.
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  std::string shown(text.substr(0, end));
  for (char &character : shown)
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f)
      character = '?';
  return end < text.size() ? shown + "..." : shown;
}

uint64_t safetensorsTypeBytes(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64")
    return 8;
  if (type == "F32" || type == "I32" || type == "U32")
    return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16")
    return 2;
  if (type == "I8" || type == "U8" || type == "BOOL" || type == "F8_E4M3" || type == "F8_E5M2")
    return 1;
  return 0;
}

Result<std::vector<SafetensorsEntry>> parseSafetensorsHeader(std::string_view json,
                                                             uint64_t dataBytes) {
  HeaderReader reader;
  bool done = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  if (!done)
    return misuse(reader.problem, "write the file again");

  std::vector<SafetensorsEntry> &entries = reader.entries;
  for (const SafetensorsEntry &entry : entries)
    if (std::string problem = sizeProblem(entry, dataBytes); !problem.empty())
      return misuse(fmt::format("tensor `{}` {}", printable(entry.name), problem),
                    "write the file again");

  std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t end = 0;
  std::string before = "the header";
  for (const SafetensorsEntry &entry : entries) {
    std::string name = fmt::format("tensor `{}`", printable(entry.name));
    if (entry.begin < end)
      return misuse(fmt::format("{} begins at byte {}, inside {}", name, entry.begin, before),
                    "write the file again");
    if (entry.begin > end)
      return misuse(fmt::format("{} bytes before {} belong to no tensor", entry.begin - end, name),
                    "write the file again");
    end = entry.end;
    before = name;
  }
  if (end != dataBytes)
    return misuse(fmt::format("{} bytes at the end belong to no tensor", dataBytes - end),
                  "write the file again");
  return std::move(entries);
}

} // namespace halftone::cli
