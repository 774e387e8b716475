// The bytes of an image:
//
//   halftone-image 2
//   kind cubin
//   target sm_80
//   ...one "field value" a line, in the order of the table below...
//   code 12345
//   <12345 bytes>checksum 0123456789abcdef
//
// and one newline. The checksum is FNV-1a of everything before the word: it catches damage, not
// malice.

#include "runtime/EscapedLine.h"
#include "runtime/Image.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace halftone {
namespace {

constexpr std::string_view magic = "halftone-image 2\n";
constexpr std::array<std::string_view, 3> kindNames{"cubin", "ptx", "object"};
constexpr size_t longestLine = 1 << 20;
/// "checksum ", 16 digits, newline.
constexpr std::string_view checksumWord = "checksum ";
constexpr size_t checksumBytes = 9 + 16 + 1;

uint64_t fnv1a(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : bytes)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

std::string checksumLine(std::string_view bytes) {
  uint64_t hash = fnv1a(bytes);
  std::string line(checksumWord);
  for (int shift = 60; shift >= 0; shift -= 4)
    line += "0123456789abcdef"[hash >> shift & 15];
  return line + "\n";
}

template <typename Integer> bool readInteger(std::string_view text, Integer &value, Integer most) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= most;
}

bool readBool(std::string_view text, bool &value) {
  value = text == "1";
  return text == "0" || text == "1";
}

bool readKind(std::string_view text, Image::Kind &kind) {
  for (size_t i = 0; i < kindNames.size(); ++i)
    if (text == kindNames[i]) {
      kind = Image::Kind(i);
      return true;
    }
  return false;
}

bool readElement(std::string_view text, Element &element) {
  for (Element candidate : {Element::F32, Element::F16, Element::BF16})
    if (text == elementName(candidate)) {
      element = candidate;
      return true;
    }
  return false;
}

bool readSchedule(std::string_view text, Schedule &schedule) {
  Result<Schedule> parsed = Schedule::parse(text);
  if (!parsed)
    return false;
  schedule = *parsed;
  return true;
}

/// A name that may go into messages and to the driver: printable, no blanks.
bool readName(std::string_view text, std::string &name) {
  for (char c : text)
    if (c <= ' ' || c > '~')
      return false;
  name = text;
  return !text.empty();
}

/// Text that may go into messages: printable, on lines.
bool readText(std::string_view escapedText, std::string &text) {
  auto isPrintable = [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; };
  return unescape(escapedText, text) && std::all_of(text.begin(), text.end(), isPrintable);
}

/// One header field: its name, its value as text, and back.
struct Field {
  std::string_view name;
  std::string (*write)(const Image &);
  bool (*read)(std::string_view, Image &);
};

constexpr uint32_t mostBytes = std::numeric_limits<uint32_t>::max();
// clang-format off
constexpr Field fields[] = {
    {"kind", [](const Image &i) { return std::string(kindNames[size_t(i.kind)]); },
     [](std::string_view t, Image &i) { return readKind(t, i.kind); }},
    {"target", [](const Image &i) { return i.target; },
     [](std::string_view t, Image &i) { return readName(t, i.target); }},
    {"entry", [](const Image &i) { return i.entry; },
     [](std::string_view t, Image &i) { return readName(t, i.entry); }},
    {"element", [](const Image &i) { return std::string(elementName(i.element)); },
     [](std::string_view t, Image &i) { return readElement(t, i.element); }},
    {"headDim", [](const Image &i) { return std::to_string(i.headDim); },
     [](std::string_view t, Image &i) { return readInteger<int64_t>(t, i.headDim, 65536); }},
    {"lse", [](const Image &i) { return std::string(i.lse ? "1" : "0"); },
     [](std::string_view t, Image &i) { return readBool(t, i.lse); }},
    {"softcap", [](const Image &i) { return std::string(i.softcap ? "1" : "0"); },
     [](std::string_view t, Image &i) { return readBool(t, i.softcap); }},
    {"maskShape", [](const Image &i) { return escaped(i.maskShape); },
     [](std::string_view t, Image &i) { return readText(t, i.maskShape); }},
    {"schedule", [](const Image &i) { return i.schedule.text(); },
     [](std::string_view t, Image &i) { return readSchedule(t, i.schedule); }},
    {"threads", [](const Image &i) { return std::to_string(i.threads); },
     [](std::string_view t, Image &i) { return readInteger<uint32_t>(t, i.threads, 1024); }},
    {"sharedBytes", [](const Image &i) { return std::to_string(i.sharedBytes); },
     [](std::string_view t, Image &i) { return readInteger<uint32_t>(t, i.sharedBytes, 1 << 24); }},
    {"scratchBytes", [](const Image &i) { return std::to_string(i.scratchBytes); },
     [](std::string_view t, Image &i) { return readInteger<uint32_t>(t, i.scratchBytes, 1 << 30); }},
    {"registers", [](const Image &i) { return std::to_string(i.registers); },
     [](std::string_view t, Image &i) { return readInteger<uint32_t>(t, i.registers, 1024); }},
    {"spillBytes", [](const Image &i) { return std::to_string(i.spillBytes); },
     [](std::string_view t, Image &i) { return readInteger<uint32_t>(t, i.spillBytes, mostBytes); }},
    {"planFormat", [](const Image &i) { return std::to_string(i.planFormat); },
     [](std::string_view t, Image &i) { return readInteger<uint32_t>(t, i.planFormat, mostBytes); }},
};
// clang-format on

Error damaged(const std::string &what) {
  return fileError("not a whole Halftone image: " + what, "compile it again");
}

/// Takes "name value\n" from the front of `bytes`.
bool takeLine(std::string_view &bytes, std::string_view name, std::string_view &value) {
  size_t end = bytes.substr(0, longestLine).find('\n');
  if (end == bytes.npos || end < name.size() + 1 || bytes.substr(0, name.size()) != name ||
      bytes[name.size()] != ' ')
    return false;
  value = bytes.substr(name.size() + 1, end - name.size() - 1);
  bytes.remove_prefix(end + 1);
  return true;
}

} // namespace

std::vector<char> writeImage(const Image &image) {
  std::string text(magic);
  for (const Field &field : fields)
    text += std::string(field.name) + " " + field.write(image) + "\n";
  text += "code " + std::to_string(image.bytes.size()) + "\n";
  text.append(image.bytes.data(), image.bytes.size());
  text += checksumLine(text);
  return {text.begin(), text.end()};
}

Result<Image> readImage(std::string_view bytes) {
  if (bytes.substr(0, magic.size()) != magic) {
    if (bytes.substr(0, 15) == magic.substr(0, 15))
      return damaged("its version is not 2, the only one that this library reads");
    return damaged("it does not start with 'halftone-image 2'");
  }
  if (bytes.size() < magic.size() + checksumBytes)
    return damaged("it is cut short");
  std::string_view checked = bytes.substr(0, bytes.size() - checksumBytes);
  if (bytes.substr(checked.size()) != checksumLine(checked))
    return damaged("its checksum does not match");

  // The checksum says that the writer meant this; what it meant is checked all the same.
  std::string_view rest = checked.substr(magic.size()), value;
  Image image;
  for (const Field &field : fields) {
    if (!takeLine(rest, field.name, value))
      return damaged("the field '" + std::string(field.name) + "' is missing");
    if (!field.read(value, image))
      return damaged("the field '" + std::string(field.name) + "' is not valid");
  }
  uint64_t codeBytes = 0;
  if (!takeLine(rest, "code", value) ||
      !readInteger<uint64_t>(value, codeBytes, std::numeric_limits<uint64_t>::max()))
    return damaged("the field 'code' is missing or not valid");
  if (codeBytes != rest.size())
    return damaged("its code should have " + std::to_string(codeBytes) + " bytes and has " +
                   std::to_string(rest.size()));
  if (rest.empty())
    return damaged("it holds no code");
  image.bytes.assign(rest.begin(), rest.end());
  return image;
}

} // namespace halftone
