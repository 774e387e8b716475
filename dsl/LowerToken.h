#pragma once

#include "dsl/ProgramBuilder.h"

#include <optional>

namespace halftone {

/// A lowered expression: a step of the program; a constant of this problem, lifted out when a step
/// needs it; or a yes/no that is the same in every problem of the class.
struct LoweredValue {
  enum class Kind : uint8_t { Step, Integer, Boolean, Fixed } kind = Kind::Integer;
  int64_t value = 0;

  static LoweredValue step(int32_t number) { return {Kind::Step, number}; }
  static LoweredValue integer(int64_t value) { return {Kind::Integer, value}; }
  static LoweredValue boolean(bool value) { return {Kind::Boolean, value}; }
  static LoweredValue fixed(bool value) { return {Kind::Fixed, value}; }
  bool isStep() const { return kind == Kind::Step; }
  bool isFixed(bool wanted) const { return kind == Kind::Fixed && (value != 0) == wanted; }
};

/// Lowers the coordinates of one token of the pair to arithmetic on its index. The sizes of its
/// layout are lifted, each once. What the code looks like depends on the kind of layout only: a
/// sequence (one frame of one row), a video, a video with text; packed or not.
class TokenLowering {
public:
  /// `clamped`: an index past the last token is taken for the last token.
  TokenLowering(ProgramBuilder &builder, const Layout &layout, Side side, bool clamped)
      : builder(builder), layout(layout), side(side), clamped(clamped) {}

  LoweredValue coordinate(Coordinate which);
  int32_t index() { return step(Coordinate::Index); }

private:
  bool isSequence() const;
  bool hasText() const { return layout.textTokens() > 0; }
  int32_t step(Coordinate which) { return int32_t(coordinate(which).value); }
  int32_t tokensPerFrame();
  int32_t width();
  /// `step` with what the layout says of it: 0 <= value <= high.
  LoweredValue known(int32_t step, int64_t high);

  LoweredValue lower(Coordinate which);
  LoweredValue lowerIndex();
  LoweredValue lowerFrame();
  LoweredValue lowerPlace();
  LoweredValue lowerRow();
  LoweredValue lowerColumn();
  LoweredValue lowerSegment();
  LoweredValue lowerIsText();

  ProgramBuilder &builder;
  const Layout &layout;
  Side side;
  bool clamped;
  std::optional<int32_t> perFrame, perRow;
  std::array<std::optional<LoweredValue>, 7> values;
};

} // namespace halftone
