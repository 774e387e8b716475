#include "dsl/MaskSolver.h"

#include <algorithm>

namespace halftone {

MaskSolver::MaskSolver(TermPool &pool, TermId condition, const Layout &query, const Layout &key,
                       BlockMasks &masks, int64_t queries, int64_t granule)
    : pool(pool), query(query), key(key), masks(masks), queries(queries), granule(granule) {
  root = branchOf(condition);
}

std::unique_ptr<MaskSolver::Branch> MaskSolver::branchOf(TermId id) {
  auto branch = std::make_unique<Branch>();
  Term term = pool[id];
  if ((term.uses & blockBit) == 0) {
    branch->kind = Branch::Kind::Zones;
    branch->zones = std::make_unique<ZoneSolver>(pool, id, query, key, queries, granule);
    if (!cutter || branch->zones->cutsAtRows())
      cutter = branch->zones.get();
    return branch;
  }
  switch (term.op) {
  case Op::RadialBlocks:
  case Op::Rounded:
    branch->kind = Branch::Kind::Blocks;
    branch->mask = &masks.of(id);
    return branch;
  case Op::And:
  case Op::Or:
    branch->kind = term.op == Op::And ? Branch::Kind::And : Branch::Kind::Or;
    branch->left = branchOf(term.operands[0]);
    branch->right = branchOf(term.operands[1]);
    return branch;
  case Op::Not:
    branch->kind = Branch::Kind::Not;
    branch->left = branchOf(term.operands[0]);
    return branch;
  default:
    break;
  }
  // A comparison with a choice by block mask in it: make the choice outside.
  if (choicesLeft-- <= 0)
    return branch;
  TermId choice = firstChoice(id);
  std::array<TermId, 3> parts = pool[choice].operands;
  TermId yes = replaced(id, choice, parts[1]), no = replaced(id, choice, parts[2]);
  return branchOf(pool.operation(Op::Or, pool.operation(Op::And, parts[0], yes),
                                 pool.operation(Op::And, pool.operation(Op::Not, parts[0]), no)));
}

/// The outermost, leftmost select whose condition has a block mask in it.
TermId MaskSolver::firstChoice(TermId id) const {
  const Term &term = pool[id];
  if (term.op == Op::Select && (pool[term.operands[0]].uses & blockBit) != 0)
    return id;
  for (TermId operand : term.operands)
    if (operand >= 0 && (pool[operand].uses & blockBit) != 0)
      return firstChoice(operand);
  return -1; // not reached: block masks are booleans, and below a comparison only selects take them
}

TermId MaskSolver::replaced(TermId id, TermId from, TermId to) {
  if (id == from)
    return to;
  Term term = pool[id];
  // A block mask is more than its operation and operands, and has no choice that is sought in it.
  if ((term.uses & blockBit) == 0 || term.op == Op::RadialBlocks || term.op == Op::Rounded)
    return id;
  for (TermId &operand : term.operands)
    if (operand >= 0)
      operand = replaced(operand, from, to);
  return pool.operation(term.op, term.operands[0], term.operands[1], term.operands[2]);
}

int64_t MaskSolver::queryBlock() const {
  return root->kind == Branch::Kind::Blocks ? root->mask->block : 0;
}

void MaskSolver::solve(int64_t begin, int64_t end, KeyRuns &out) {
  pieces.clear();
  if (cutter)
    cutter->cut(begin, end, pieces);
  else
    pieces.push_back({begin, end, 0});
  solvePiece(*root, pieces[0], out);
  for (size_t i = 1; i < pieces.size(); ++i) {
    solvePiece(*root, pieces[i], pieceRuns);
    out = joined(out, pieceRuns);
  }
}

void MaskSolver::solvePiece(Branch &branch, const QueryPiece &piece, KeyRuns &out) {
  switch (branch.kind) {
  case Branch::Kind::Zones:
    return branch.zones->solve(piece, out);
  case Branch::Kind::Blocks:
    return solveBlocks(*branch.mask, piece.begin, piece.end, out);
  case Branch::Kind::Unknown:
    out.assign(1, {0, uint32_t(key.tokenCount()), Kept::Some});
    return;
  case Branch::Kind::Not: {
    KeyRuns operand;
    solvePiece(*branch.left, piece, operand);
    out = noneOf(operand, uint32_t(key.tokenCount()));
    return;
  }
  case Branch::Kind::And:
  case Branch::Kind::Or: {
    KeyRuns left, right;
    solvePiece(*branch.left, piece, left);
    solvePiece(*branch.right, piece, right);
    out = branch.kind == Branch::Kind::And ? bothOf(left, right) : eitherOf(left, right);
    return;
  }
  }
}

void MaskSolver::solveBlocks(const BlockMask &mask, int64_t begin, int64_t end,
                             KeyRuns &out) const {
  auto rowRuns = [&](int64_t row, KeyRuns &runs) {
    runs.clear();
    int64_t keys = key.tokenCount();
    for (uint32_t i = mask.rowStart[row]; i < mask.rowStart[row + 1]; ++i)
      runs.emplace_back(uint32_t(mask.runs[i].begin * mask.block),
                        uint32_t(std::min(keys, mask.runs[i].end * mask.block)), Kept::All);
  };
  int64_t first = begin / mask.block, last = (end - 1) / mask.block;
  rowRuns(first, out);
  for (int64_t row = first + 1; row <= last; ++row) {
    KeyRuns next;
    rowRuns(row, next);
    out = joined(out, next);
  }
}

} // namespace halftone
