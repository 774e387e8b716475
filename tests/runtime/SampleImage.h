#pragma once

#include "dsl/Program.h"
#include "runtime/Image.h"

#include <doctest/doctest.h>

/// An image that serves `problem` and whose code nothing runs.
inline std::shared_ptr<halftone::Image>
sampleImage(const halftone::Problem &problem, halftone::Image::Kind kind, std::string target) {
  auto image = std::make_shared<halftone::Image>();
  image->kind = kind;
  image->target = std::move(target);
  image->entry = "attention";
  image->bytes = {'c', 'o', '\0', '\n', 'd', 'e'};
  auto program = halftone::lowerProgram(problem);
  REQUIRE(program);
  image->maskShape = program->shape();
  image->element = problem.shape().element;
  image->headDim = problem.shape().headDim;
  image->lse = problem.shape().lse;
  image->softcap = problem.softcap().has_value();
  image->schedule.tileQ = 64;
  image->schedule.tileK = 32;
  image->threads = 128;
  image->sharedBytes = 100000;
  image->scratchBytes = 4096;
  image->registers = 200;
  return image;
}
