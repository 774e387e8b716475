#include "dsl/Problem.h"

#include "dsl/Decimal.h"

#include <cmath>

namespace halftone {

std::string_view elementName(Element element) {
  switch (element) {
  case Element::F32:
    return "f32";
  case Element::F16:
    return "f16";
  case Element::BF16:
    return "bf16";
  }
  return "";
}

int64_t elementBytes(Element element) { return element == Element::F32 ? 4 : 2; }

Problem::Problem(Layout query, Layout key, AttentionShape shape)
    : queryLayout(std::move(query)), keyLayout(std::move(key)), sizes(shape) {}

Problem Problem::where(Pattern pattern) const {
  Problem copy = *this;
  copy.kept = std::move(pattern);
  return copy;
}

Problem Problem::withScale(double scale) const {
  Problem copy = *this;
  copy.scaleValue = scale;
  return copy;
}

Problem Problem::withSoftcap(double softcap) const {
  Problem copy = *this;
  copy.softcapValue = softcap;
  return copy;
}

Problem Problem::withBias(Expr distance, std::vector<float> coefficients) const {
  Problem copy = *this;
  copy.biasList.push_back({std::move(distance), std::move(coefficients)});
  return copy;
}

double Problem::scale() const {
  return scaleValue ? *scaleValue : 1 / std::sqrt(double(sizes.headDim));
}

std::string Problem::text() const {
  std::string result = "attention query=" + queryLayout.text() + " key=" + keyLayout.text();
  result += " batch=" + std::to_string(sizes.batch) + " heads=" + std::to_string(sizes.heads) +
            " kv_heads=" + std::to_string(kvHeads()) +
            " head_dim=" + std::to_string(sizes.headDim) + " element=";
  result += elementName(sizes.element);
  result += sizes.lse ? " lse=1" : " lse=0";
  result += " scale=" + shortestText(scale());
  if (softcapValue)
    result += " softcap=" + shortestText(*softcapValue);
  for (const Bias &bias : biasList) {
    result += " bias=(" + bias.distance.text() + ";";
    for (float coefficient : bias.coefficients)
      result += " " + shortestText(coefficient);
    result += ")";
  }
  return result + " where " + kept.text();
}

Problem attention(const Layout &layout, AttentionShape shape) {
  return Problem(layout, layout, shape);
}

Problem attention(Layout query, Layout key, AttentionShape shape) {
  return Problem(std::move(query), std::move(key), shape);
}

} // namespace halftone
