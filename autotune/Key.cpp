#include "autotune/Key.h"

#include "autotune/Digest.h"
#include "autotune/ShapeBucket.h"
#include "runtime/EscapedLine.h"

#include <array>
#include <cmath>
#include <limits>
#include <variant>

namespace halftone {
namespace {

/// How a difference in a field counts for distance().
enum class Weight : uint8_t {
  Needed, ///< must be equal
  Shape,  ///< a bucket: by the ratio of its sizes
  Ratio,  ///< a count: by its ratio
  One,
  Four,
};

struct Field {
  std::string_view name;
  std::variant<std::string Key::*, int64_t Key::*, bool Key::*> member;
  Weight weight;
};

constexpr std::array<Field, 21> fields{{
    {"pattern", &Key::pattern, Weight::Needed},
    {"score", &Key::score, Weight::Needed},
    {"queryShape", &Key::queryShape, Weight::Shape},
    {"keyShape", &Key::keyShape, Weight::Shape},
    {"batch", &Key::batch, Weight::Ratio},
    {"heads", &Key::heads, Weight::Ratio},
    {"kvHeads", &Key::kvHeads, Weight::Ratio},
    {"headDim", &Key::headDim, Weight::Needed},
    {"element", &Key::element, Weight::Needed},
    {"lse", &Key::lse, Weight::One},
    {"strides", &Key::strides, Weight::One},
    {"schema", &Key::schema, Weight::Needed},
    {"codegen", &Key::codegen, Weight::One},
    {"llvm", &Key::llvm, Weight::One},
    {"ptxas", &Key::ptxas, Weight::One},
    {"target", &Key::target, Weight::Needed},
    {"architecture", &Key::architecture, Weight::Needed},
    {"multiprocessors", &Key::multiprocessors, Weight::Ratio},
    {"sharedBytes", &Key::sharedBytes, Weight::Ratio},
    {"l2Bytes", &Key::l2Bytes, Weight::Ratio},
    {"policy", &Key::policy, Weight::Four},
}};

std::string valueText(const Key &key, const Field &field) {
  if (auto *text = std::get_if<std::string Key::*>(&field.member))
    return key.**text;
  if (auto *number = std::get_if<int64_t Key::*>(&field.member))
    return std::to_string(key.**number);
  return key.*std::get<bool Key::*>(field.member) ? "1" : "0";
}

double logRatio(int64_t a, int64_t b) {
  return std::abs(std::log2(double(std::max<int64_t>(a, 1)) / double(std::max<int64_t>(b, 1))));
}

double fieldDistance(const Key &wanted, const Key &found, const Field &field) {
  constexpr double never = std::numeric_limits<double>::infinity();
  if (valueText(wanted, field) == valueText(found, field))
    return 0;
  switch (field.weight) {
  case Weight::Needed:
    return never;
  case Weight::Shape: {
    auto member = std::get<std::string Key::*>(field.member);
    return bucketDistance(wanted.*member, found.*member);
  }
  case Weight::Ratio: {
    auto member = std::get<int64_t Key::*>(field.member);
    return logRatio(wanted.*member, found.*member);
  }
  case Weight::One:
    return 1;
  case Weight::Four:
    return 4;
  }
  return never;
}

} // namespace

std::string Key::text() const {
  std::string result = "halftone-tuning-key\n";
  for (const Field &field : fields)
    result += std::string(field.name) + " " + escaped(valueText(*this, field)) + "\n";
  return result;
}

std::string Key::hash() const { return sha256(text()); }

std::vector<KeyField> keyFields(const Key &key) {
  std::vector<KeyField> result;
  result.reserve(fields.size());
  for (const Field &field : fields)
    result.push_back({field.name, valueText(key, field)});
  return result;
}

void visitKey(Key &key, const KeyVisitor &visitor) {
  for (const Field &field : fields)
    if (auto *text = std::get_if<std::string Key::*>(&field.member))
      visitor.text(field.name, key.**text);
    else if (auto *number = std::get_if<int64_t Key::*>(&field.member))
      visitor.number(field.name, key.**number);
    else
      visitor.flag(field.name, key.*std::get<bool Key::*>(field.member));
}

std::string KeyDifference::text() const {
  return std::string(field) + " is " + wanted + " here and " + found + " there";
}

std::vector<KeyDifference> differences(const Key &wanted, const Key &found) {
  std::vector<KeyDifference> result;
  for (const Field &field : fields)
    if (std::string here = valueText(wanted, field), there = valueText(found, field); here != there)
      result.push_back({field.name, std::move(here), std::move(there)});
  return result;
}

double distance(const Key &wanted, const Key &found) {
  double sum = 0;
  for (const Field &field : fields)
    sum += fieldDistance(wanted, found, field);
  return sum;
}

} // namespace halftone
