#include "dsl/LowerToken.h"

#include <algorithm>

namespace halftone {

using Step = Instruction::Op;

LoweredValue TokenLowering::coordinate(Coordinate which) {
  if (!values[size_t(which)]) {
    LoweredValue value = lower(which);
    values[size_t(which)] = value;
  }
  return *values[size_t(which)];
}

bool TokenLowering::isSequence() const {
  return layout.frameCount() == 1 && layout.height() == 1 && !hasText();
}

int32_t TokenLowering::tokensPerFrame() {
  if (!perFrame)
    perFrame = builder.constant(layout.tokensPerFrame());
  return *perFrame;
}

int32_t TokenLowering::width() {
  if (!perRow)
    perRow = builder.constant(layout.width());
  return *perRow;
}

LoweredValue TokenLowering::known(int32_t step, int64_t high) {
  builder.refine(step, ValueFacts::upTo(std::max<int64_t>(high, 0)));
  return LoweredValue::step(step);
}

LoweredValue TokenLowering::lower(Coordinate which) {
  switch (which) {
  case Coordinate::Index:
    return lowerIndex();
  case Coordinate::Frame:
    return isSequence() ? LoweredValue::integer(0) : lowerFrame();
  case Coordinate::Place:
    return isSequence() ? coordinate(Coordinate::Index) : lowerPlace();
  case Coordinate::Row:
    return isSequence() ? LoweredValue::integer(0) : lowerRow();
  case Coordinate::Column:
    return isSequence() ? coordinate(Coordinate::Index) : lowerColumn();
  case Coordinate::Segment:
    return layout.isPacked() ? lowerSegment() : LoweredValue::integer(0);
  case Coordinate::IsText:
    return hasText() ? lowerIsText() : LoweredValue::fixed(false);
  }
  return LoweredValue::integer(0);
}

LoweredValue TokenLowering::lowerIndex() {
  int64_t last = layout.tokenCount() - 1;
  int32_t input = builder.append(side == Side::Query ? Step::QueryIndex : Step::KeyIndex,
                                 {-1, -1, -1}, ValueFacts::upTo(last));
  if (!clamped)
    return LoweredValue::step(input);
  return known(builder.operation(Op::Min, {input, builder.constant(last), -1}), last);
}

LoweredValue TokenLowering::lowerFrame() {
  int32_t frame = builder.operation(Op::FloorDiv, {index(), tokensPerFrame(), -1});
  if (!hasText())
    return known(frame, layout.frameCount() - 1);
  int32_t frames = builder.constant(layout.frameCount());
  return known(builder.operation(Op::Min, {frame, frames, -1}), layout.frameCount());
}

LoweredValue TokenLowering::lowerPlace() {
  int32_t start = builder.operation(Op::Mul, {step(Coordinate::Frame), tokensPerFrame(), -1});
  return known(builder.operation(Op::Sub, {index(), start, -1}),
               std::max(layout.tokensPerFrame(), layout.textTokens()) - 1);
}

LoweredValue TokenLowering::lowerRow() {
  int32_t row = builder.operation(Op::FloorDiv, {step(Coordinate::Place), width(), -1});
  if (!hasText())
    return known(row, layout.height() - 1);
  int32_t zero = builder.constant(0);
  return known(builder.operation(Op::Select, {step(Coordinate::IsText), zero, row}),
               layout.height() - 1);
}

LoweredValue TokenLowering::lowerColumn() {
  int32_t start = builder.operation(Op::Mul, {step(Coordinate::Row), width(), -1});
  return known(builder.operation(Op::Sub, {step(Coordinate::Place), start, -1}),
               std::max(layout.width(), layout.textTokens()) - 1);
}

LoweredValue TokenLowering::lowerSegment() {
  std::vector<int32_t> &tables = builder.tables();
  int32_t offset = builder.constant(int64_t(tables.size()));
  for (size_t i = 0; i < layout.segments().size(); ++i)
    tables.insert(tables.end(), size_t(layout.segments()[i]), int32_t(i));
  return LoweredValue::step(builder.append(
      Step::Table, {offset, index(), -1}, ValueFacts::upTo(int64_t(layout.segments().size()) - 1)));
}

LoweredValue TokenLowering::lowerIsText() {
  int32_t video = builder.constant(layout.frameCount() * layout.tokensPerFrame());
  return LoweredValue::step(builder.operation(Op::GreaterEqual, {index(), video, -1}));
}

} // namespace halftone
